import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { childConfig } from '../../support/connections.ts';
import { ts } from '../../support/selectors.ts';
import type { SideName } from './names.ts';
import type { StageSetup } from './stage.ts';

/** One key exchange for each CHILD_SA made by CREATE_CHILD_SA. */
export const single: StageSetup = { esp: 'aes128gcm16-x25519' };

/** One key exchange and one more, RFC 9370, for CHILD_SAs. */
export const multiple: StageSetup = { esp: 'aes128gcm16-x25519-ke1_ecp256' };

/** What A asks for is answered with an additional key exchange, what B asks for without: the responder prefers. */
export const uneven: StageSetup = {
  moonEsp: ['aes128gcm16-x25519', 'aes128gcm16-x25519-ke1_ecp256'],
  carolEsp: ['aes128gcm16-x25519-ke1_ecp256', 'aes128gcm16-x25519'],
};

/** Ends that may move. */
export const mobile: StageSetup = {
  connection: { mobike: true },
  moonConnection: { localAddrs: [{ kind: 'any', text: '%any' }] },
  carolConnection: {
    localAddrs: [{ kind: 'any', text: '%any' }],
    remoteAddrs: [{ kind: 'any', text: '%any' }],
  },
};

/** {@link multiple} for rekeyed IKE_SAs. */
export const ikeMultiple: StageSetup = { laterIke: both('x25519-ke1_ecp256') };

/** {@link uneven} for rekeyed IKE_SAs. */
export const ikeUneven: StageSetup = {
  laterIke: {
    A: [ikeText('x25519'), ikeText('x25519-ke1_ecp256')],
    B: [ikeText('x25519-ke1_ecp256'), ikeText('x25519')],
  },
};

/** Each side insists on a method of its own for rekeyed IKE_SAs, as the responder chooses. */
export const ikeStubborn: StageSetup = {
  laterIke: { A: [ikeText('ecp256-ecp384')], B: [ikeText('ecp384-ecp256')] },
};

/** Proposals of the CHILD_SA, different at the side that starts and at the other. */
export function espBy(by: SideName, starter: string, other: string): StageSetup {
  const [a, b] = by === 'A' ? [starter, other] : [other, starter];
  return { moonEsp: [a], carolEsp: [b] };
}

/** {@link espBy} for rekeyed IKE_SAs: key exchange methods only. */
export function ikeBy(by: SideName, starter: string, other: string): StageSetup {
  const [a, b] = by === 'A' ? [starter, other] : [other, starter];
  return { laterIke: { A: [ikeText(a)], B: [ikeText(b)] } };
}

function both(methods: string): NonNullable<StageSetup['laterIke']> {
  return { A: [ikeText(methods)], B: [ikeText(methods)] };
}

function ikeText(methods: string): string {
  return `aes128gcm16-prfsha256-${methods}`;
}

/** A connection with children of these names besides those it has, each with networks of its own. */
export function withChildren(
  config: ConnectionConfig,
  here: 'moon' | 'carol',
  names: readonly string[] = [],
): ConnectionConfig {
  const children = new Map(config.children);
  const [model] = children.values();
  for (const [index, name] of names.entries()) {
    const net = (second: number) => ({
      kind: 'fixed' as const,
      selector: ts(`10.${second}.${index + 1}.0/24`),
    });
    const [local, remote] = here === 'moon' ? [net(3), net(4)] : [net(4), net(3)];
    children.set(name, childConfig(name, { ...model, name, localTs: [local], remoteTs: [remote] }));
  }
  return { ...config, children };
}
