import type {
  AddressSpec,
  AuthRoundConfig,
  ChildConfig,
  ConnectionConfig,
} from '../../daemon/config/connection-types.ts';
import { parseIp } from '../../daemon/proto/ip-address.ts';

const round: AuthRoundConfig = {
  class: 'psk',
  auth: 'psk',
  groups: [],
  certPolicy: [],
  certs: [],
  cacerts: [],
  pubkeys: [],
  revocation: 'relaxed',
};

/** One round with an identity. */
export function authRound(members: Partial<AuthRoundConfig> = {}): AuthRoundConfig {
  return { ...round, ...members };
}

/** A child with the defaults of swanctl.conf. */
export function childConfig(name: string, members: Partial<ChildConfig> = {}): ChildConfig {
  const none = { rekey: 0, life: 0, rand: 0 };
  const mark = { kind: 'none' } as const;
  const off = { trap: false, start: false };
  return {
    name,
    proposals: [],
    sha256Trunc96: false,
    localTs: [],
    remoteTs: [],
    time: { rekey: 3600, life: 3960, rand: 360 },
    bytes: none,
    packets: none,
    hostaccess: false,
    mode: 'tunnel',
    policies: true,
    policiesFwdOut: false,
    dpdAction: off,
    startAction: off,
    closeAction: off,
    ipcomp: false,
    inactivity: 0,
    reqid: 0,
    priority: 0,
    markIn: mark,
    markInSa: false,
    markOut: mark,
    setMarkIn: mark,
    setMarkOut: mark,
    ifIdIn: { kind: 'value', value: 0 },
    ifIdOut: { kind: 'value', value: 0 },
    labelMode: 'system',
    tfcPadding: 0,
    perCpuSas: 'no',
    hwOffload: 'no',
    copyDf: true,
    copyEcn: true,
    copyDscp: 'out',
    icmp: false,
    ...members,
  };
}

/** A connection with the defaults of swanctl.conf. */
export function connectionConfig(
  name: string,
  members: Partial<ConnectionConfig> = {},
): ConnectionConfig {
  return {
    name,
    localAddrs: [{ kind: 'any', text: '%any' }],
    remoteAddrs: [{ kind: 'any', text: '%any' }],
    localPort: 500,
    remotePort: 500,
    proposals: [],
    vips: [],
    dscp: 0,
    encap: false,
    mobike: true,
    dpdDelay: 0,
    dpdTimeout: 0,
    fragmentation: 'yes',
    childless: 'allow',
    sendCertreq: true,
    sendCert: 'ifasked',
    ocsp: 'reply',
    ppkRequired: false,
    keyingTries: 1,
    unique: 'no',
    reauthTime: 0,
    rekeyTime: 14400,
    overTime: 1440,
    randTime: 1440,
    pools: [],
    ifIdIn: { kind: 'value', value: 0 },
    ifIdOut: { kind: 'value', value: 0 },
    local: [round],
    remote: [round],
    children: new Map(),
    ...members,
  };
}

/** Exactly one host. */
export function hostSpec(text: string): AddressSpec {
  const address = parseIp(text);
  if (address === undefined) throw new TypeError(`not an address: ${text}`);
  return { kind: 'host', text, address };
}
