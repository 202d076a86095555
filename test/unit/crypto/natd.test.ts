import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { natDetectionHash } from '../../../daemon/crypto/natd.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import type { IpAddress } from '../../../daemon/proto/ip-address.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { hex } from '../../support/hex.ts';

const crypto = createCrypto([nodeCryptoProvider()]);
const spiI = 0x0102030405060708n as IkeSpi;
const spiR = 0xff00000000000001n as IkeSpi;

test.each([
  ['10.1.2.3', 500, '0a01020301f4'],
  ['192.0.2.255', 4500, 'c00002ff1194'],
  ['2001:db8::1', 65535, '20010db8000000000000000000000001ffff'],
])('SHA-1 of SPIs, %s and port %i, RFC 7296 section 2.23', (address, port, octets) => {
  const expected = createHash('sha1').update(`0102030405060708ff00000000000001${octets}`, 'hex');
  const endpoint = { address: address as IpAddress, port };
  expect(hex(natDetectionHash(crypto, spiI, spiR, endpoint))).toBe(expected.digest('hex'));
});
