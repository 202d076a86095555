import { expect } from 'vitest';
import type {
  ReceivedCredentials,
  TrustConstraints,
  TrustVerdict,
} from '../../daemon/credentials/trust.ts';
import type { Identity } from '../../daemon/proto/identity.ts';
import { ConfiguredIdType as T } from '../../daemon/proto/identity-types.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { NO_CONSTRAINTS, PathSetup, received } from './path-setup.ts';
import {
  caExtension,
  generalName,
  issue,
  type TestCertificate,
  type TestEntity,
} from './test-pki.ts';

// A root, a CA below it, and the certificate of `moon.example.org`: what most tests of trust begin with.

export const fqdn = (text: string): Identity => ({ type: T.ID_FQDN, data: utf8(text) });
export const moonId: Identity = fqdn('moon.example.org');
export const moonNames: readonly Uint8Array[] = [generalName.dns('moon.example.org')];

export const policies: Uint8Array = caExtension.policies('1.2.3');
export const root: TestEntity = issue({ subject: 'root', ca: true });
export const sub: TestEntity = issue({
  subject: 'sub',
  issuer: root,
  ca: true,
  extensions: [policies],
});
export const moon: TestEntity = peer({ extensions: [policies] });

export function peer(more: Partial<TestCertificate> = {}): TestEntity {
  return issue({ subject: 'moon', issuer: sub, names: moonNames, ...more });
}

export function setup(options: ConstructorParameters<typeof PathSetup>[0] = {}): PathSetup {
  const all = new PathSetup(options);
  all.source.load('CA', [root.certificate]);
  return all;
}

export const sent = (entity: TestEntity = moon): ReceivedCredentials =>
  received(entity.certificate, sub.certificate);

/** The verdict about the first claim for `moon.example.org`. */
export async function judge(
  all: PathSetup,
  what: ReceivedCredentials,
  demands: Partial<TrustConstraints> = {},
): Promise<TrustVerdict> {
  const constraints = { ...NO_CONSTRAINTS, ...demands };
  const [claim] = all.trust.claims(moonId, what, constraints);
  if (claim === undefined) return { trusted: false, reason: 'no claim' };
  return all.trust.judge(claim, what, constraints);
}

export const refused = (reason: string | RegExp, alert?: string): unknown =>
  expect.objectContaining({
    trusted: false,
    reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    ...(alert && { alert }),
  });
