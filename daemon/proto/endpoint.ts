import { familyOf, type IpAddress } from './ip-address.ts';

/** One end of a UDP conversation. */
export interface Endpoint {
  readonly address: IpAddress;
  /** UDP port, host order. */
  readonly port: number;
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}

/** `10.0.0.1[500]`: the form of charon's log. */
export function printEndpoint(endpoint: Endpoint): string {
  return `${endpoint.address}[${endpoint.port}]`;
}

/** `10.0.0.1:500`, `[fe80::1]:500`: unique and compact, for keys of a Map. */
export function endpointKey(endpoint: Endpoint): string {
  return familyOf(endpoint.address) === 4
    ? `${endpoint.address}:${endpoint.port}`
    : `[${endpoint.address}]:${endpoint.port}`;
}
