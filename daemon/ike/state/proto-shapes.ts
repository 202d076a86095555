import type { Mark } from '../../contracts/kernel.ts';
import type { ChildSpi } from '../../proto/child-spi.ts';
import type { Endpoint } from '../../proto/endpoint.ts';
import type { Identity } from '../../proto/identity.ts';
import type { IkeSpi } from '../../proto/ike-spi.ts';
import { type IpAddress, parseIp } from '../../proto/ip-address.ts';
import { LinearRegExp } from '../../proto/linear-regexp.ts';
import type { Proposal, Transform } from '../../proto/proposal.ts';
import type { TrafficSelector } from '../../proto/traffic-selector.ts';
import {
  checked,
  list,
  octets,
  oneOf,
  optional,
  record,
  type Shape,
  ShapeError,
  text,
  u16,
  u32,
  u64,
  uint,
} from './shape.ts';

/** Shapes of the vocabulary of `daemon/proto`. */

const u8 = uint(255);

export const ipAddress: Shape<IpAddress> = checked(
  text,
  (value): value is IpAddress => parseIp(value) === value,
  'an IP address',
);

export const endpoint: Shape<Endpoint> = record<Endpoint>({ address: ipAddress, port: u16 });

export const ikeSpi: Shape<IkeSpi> = checked(
  u64,
  (value): value is IkeSpi => value >= 0n,
  'an SPI',
);

export const childSpi: Shape<ChildSpi> = checked(
  u32,
  (value): value is ChildSpi => value >= 0,
  'an SPI',
);

export const mark: Shape<Mark> = record<Mark>({ value: u32, mask: u32 });

const family: Shape<4 | 6> = oneOf(4, 6);

const anySelector = record<TrafficSelector>({
  family,
  protocol: u8,
  startPort: u16,
  endPort: u16,
  startAddress: octets,
  endAddress: octets,
});

export const selector: Shape<TrafficSelector> = checked(
  anySelector,
  (value): value is TrafficSelector => {
    const length = value.family === 4 ? 4 : 16;
    return value.startAddress.length === length && value.endAddress.length === length;
  },
  'addresses of one family',
);

const transform = record<Transform>({
  type: u8,
  id: u16,
  keyLength: optional(u16),
  otherAttributes: optional(octets),
});

export const proposal: Shape<Proposal> = record<Proposal>({
  number: u8,
  protocol: u8,
  spi: octets,
  transforms: list(transform),
});

const regularExpression: Shape<RegExp> = {
  write: (value) => [value.source, value.flags],
  read: (plain, path) => {
    const [source] = Array.isArray(plain) ? plain : [];
    try {
      if (typeof source === 'string') return new LinearRegExp(source);
    } catch {
      // Said below.
    }
    throw new ShapeError(path, 'a regular expression');
  },
};

export const identity: Shape<Identity> = record<Identity>({
  type: u8,
  data: octets,
  pattern: optional(regularExpression),
});
