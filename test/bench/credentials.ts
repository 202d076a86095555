import { type Issued, TestCa } from '../sim/pki.ts';
import type { TestKeyKind } from '../support/private-keys.ts';

/** What both ends of a benchmark authenticate with. */
export type Credentials = SharedSecret | Certificates;

export interface SharedSecret {
  readonly kind: 'psk';
  readonly secret: string;
}

/** A certificate for each end, from a CA below one root: a chain of two. */
export interface Certificates {
  readonly kind: 'certificates';
  readonly root: Issued;
  readonly intermediate: Issued;
  readonly gateway: Issued;
  readonly client: Issued;
}

/** The identities in the certificates. */
export const GATEWAY = 'gw.bench';
export const CLIENT = 'client.bench';

/** Makes certificates with keys of one kind. */
export function certificates(key: TestKeyKind): Certificates {
  const root = new TestCa('Bench Root', { key });
  const ca = root.ca('Bench CA', { key });
  return {
    kind: 'certificates',
    root: root.self,
    intermediate: ca.self,
    gateway: ca.issue(GATEWAY, { key, dns: [GATEWAY] }),
    client: ca.issue(CLIENT, { key, dns: [CLIENT] }),
  };
}
