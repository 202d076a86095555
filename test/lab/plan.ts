import type { ConfTree } from './conf-text.ts';

/** Which end of the tunnel: moon is the side under test, sun the peer. */
export type Side = 'moon' | 'sun';

/** Encryption with its integrity, in swanctl's words; for IKE, AES-GCM goes with PRF SHA2-256. */
export type Cipher =
  | 'aes128gcm16'
  | 'aes256gcm16'
  | 'aes128-sha256'
  | 'aes256-sha256'
  | 'aes128-sha512';

/** Key exchange methods of the scenarios. */
export type KeyExchangeName = 'x25519' | 'modp2048' | 'ecp256';

/** One tunnel between moon and sun, from which every kind of gateway derives its own configuration. */
export interface Plan {
  readonly family: 4 | 6;
  readonly mode: 'tunnel' | 'transport';
  /** Of the IKE_SA. */
  readonly cipher: Cipher;
  /** Of the CHILD_SA. */
  readonly esp: Cipher;
  /** Key exchange methods in order of preference, of each side. */
  readonly keyExchange: Readonly<Record<Side, readonly KeyExchangeName[]>>;
  readonly identity: Readonly<Record<Side, string>>;
  readonly secret: string;
  /** The side whose address the router hides, or both, if it hides one. */
  readonly hidden: Side | 'both' | undefined;
  /** Seconds between checks that the peer is alive; 0 switches them off. */
  readonly dpdDelay: number;
  /** True when the peer must send IKE messages in fragments although they are short. */
  readonly smallFragments: boolean;
  /** The sides that ask every initiator for a cookie. */
  readonly cookies: Readonly<Record<Side, boolean>>;
  /** Settings for charon-like daemons only: strongswan.conf (`charon`), the connection, the child and pools. */
  readonly extra: Readonly<Record<Side, ExtraSettings>>;
}

/** Options laid over what the plan gives, in the words of strongswan.conf and swanctl.conf. */
export interface ExtraSettings {
  readonly charon?: ConfTree;
  readonly connection?: ConfTree;
  readonly child?: ConfTree;
  readonly pools?: ConfTree;
  readonly authorities?: ConfTree;
  /** Sections of `secrets` besides the one that the plan gives. */
  readonly secrets?: ConfTree;
  /** Lines of libreswan's `conn` besides those that the plan gives. */
  readonly libreswan?: Readonly<Record<string, string>>;
  /** How OpenIKED authenticates, in the words of iked.conf, instead of the shared key. */
  readonly openiked?: string;
  /** What iked's policy is for, `from A to B`, in place of the networks of the plan. */
  readonly openikedTraffic?: string;
  /** Lines of libreswan's ipsec.secrets besides those that the plan gives. */
  readonly libreswanSecrets?: string;
}

/** A plan may be given in part; the rest is a plain IPv4 tunnel with AES-GCM and X25519. */
export type PartialPlan = Partial<Omit<Plan, 'keyExchange'>> & {
  readonly keyExchange?: KeyExchangeName | Plan['keyExchange'];
};

/** Fills in what a partial plan leaves open. */
export function plan(part: PartialPlan = {}): Plan {
  const { keyExchange = 'x25519', cipher = 'aes128gcm16', ...rest } = part;
  return {
    family: 4,
    mode: 'tunnel',
    cipher,
    esp: cipher,
    identity: { moon: 'moon.example.org', sun: 'sun.example.org' },
    secret: 'Ohpae3iequaoR7ai-lab',
    hidden: undefined,
    dpdDelay: 0,
    smallFragments: false,
    cookies: { moon: false, sun: false },
    extra: { moon: {}, sun: {} },
    ...rest,
    keyExchange:
      typeof keyExchange === 'string' ? { moon: [keyExchange], sun: [keyExchange] } : keyExchange,
  };
}

/** The other side. */
export function otherSide(side: Side): Side {
  return side === 'moon' ? 'sun' : 'moon';
}

/** Addresses of the two sites, the same in every lab. `gateway` faces the internet, `inner` the private network. */
export const ADDRESSES = {
  moon: {
    4: {
      gateway: '192.0.2.1',
      router: '192.0.2.254',
      inner: '10.1.0.1',
      host: '10.1.0.10',
      net: '10.1.0.0/24',
    },
    6: {
      gateway: '2001:db8:1::1',
      router: '2001:db8:1::fe',
      inner: 'fd01::1',
      host: 'fd01::10',
      net: 'fd01::/64',
    },
  },
  sun: {
    4: {
      gateway: '198.51.100.1',
      router: '198.51.100.254',
      inner: '10.2.0.1',
      host: '10.2.0.10',
      net: '10.2.0.0/24',
    },
    6: {
      gateway: '2001:db8:2::1',
      router: '2001:db8:2::fe',
      inner: 'fd02::1',
      host: 'fd02::10',
      net: 'fd02::/64',
    },
  },
} as const;

/** The address under which a side is seen by the other one: a router's when it is hidden. */
export function visibleAddress(of: Side, { family, hidden }: Plan): string {
  const other = ADDRESSES[otherSide(of)][family];
  return hidden === of || hidden === 'both' ? other.router : ADDRESSES[of][family].gateway;
}

/** Whether ESP goes in UDP: a router hides somebody, or a side claims so (`encap`). */
export function encapsulated({ hidden, extra }: Plan): boolean {
  const forced = [extra.moon, extra.sun].some(({ connection }) => connection?.['encap'] === 'yes');
  return hidden !== undefined || forced;
}
