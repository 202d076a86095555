import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Candidates } from '../../../daemon/credentials/path/candidates.ts';
import { checkPurpose } from '../../../daemon/credentials/path/certificate-checks.ts';
import { PATH_LIMITS } from '../../../daemon/credentials/path/limits.ts';
import { ANY_STRENGTH } from '../../../daemon/credentials/path/path-finder.ts';
import { PathSearch } from '../../../daemon/credentials/path/path-search.ts';
import { NO_WEAK_ALGORITHMS } from '../../../daemon/credentials/path/strength.ts';
import { validatePath } from '../../../daemon/credentials/path/validate-path.ts';
import { VerifiedSignatures } from '../../../daemon/credentials/path/verified-signatures.ts';
import type { Certificate } from '../../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../../daemon/credentials/x509/decode-certificate.ts';
import { problemText } from '../../../daemon/credentials/x509/decoded.ts';
import { NodeSignatureVerifier } from '../../../plugins/crypto-node/signatures.ts';
import { decodeTools } from '../../support/decode-tools.ts';
import { FixedCertificates } from '../../support/fixed-certificates.ts';
import { type PkitsCase, pkitsSections } from './table.ts';

// NIST's Public Key Interoperability Test Suite: every certificate of it may lie on a path, one of them is the trust anchor.

interface Packed {
  readonly certificates: Readonly<Record<string, string>>;
  readonly crls: Readonly<Record<string, string>>;
}

const packed = JSON.parse(
  gunzipSync(readFileSync(new URL('pkits.json.gz', import.meta.url))).toString(),
) as Packed;

const verifier = new NodeSignatureVerifier();
const tools = { ...decodeTools, publicKey: (spki: Uint8Array) => verifier.publicKey(spki) };

/** Reasons why a certificate cannot be decoded, by name. */
const refused = new Map<string, string>();
const certificates = new Map<string, Certificate>();
for (const [name, text] of Object.entries(packed.certificates)) {
  const decoded = decodeCertificate(Uint8Array.from(Buffer.from(text, 'base64')), tools);
  if (decoded.ok) certificates.set(name, decoded.value);
  else refused.set(name, problemText(decoded.problem));
}

/** A day on which everything is valid that should be. */
const time = Date.UTC(2022, 0, 1);

const anchor = certificate('TrustAnchorRootCertificate');
const isPeer = (name: string): boolean => name.endsWith('EE');
const source = new FixedCertificates().load('CA', [anchor]).load(
  'CA',
  [...certificates].filter(([name]) => !isPeer(name)).map(([, value]) => value),
  false,
);
source.load('CA', [anchor]);
const signatures = new VerifiedSignatures(verifier, 1000);

function certificate(name: string): Certificate {
  const found = certificates.get(name);
  if (found === undefined)
    throw new Error(`${name}: ${refused.get(name) ?? 'no such certificate'}`);
  return found;
}

/** Why a certificate is not valid, `undefined` if it is. */
async function judge({ name, input }: PkitsCase): Promise<string | undefined> {
  const problem = refused.get(`${name}EE`);
  if (problem !== undefined) return problem;
  const target = certificate(`${name}EE`);
  const misused = checkPurpose(target, 'peer');
  if (misused !== undefined) return misused.reason;
  const search = new PathSearch({
    candidates: new Candidates(source, [], time, PATH_LIMITS.issuers),
    signatures,
    rules: { time, strength: ANY_STRENGTH, weak: NO_WEAK_ALGORITHMS, enforceCritical: true },
    limits: PATH_LIMITS,
    validate: (chain) => validatePath(chain, input),
    now: () => 0,
  });
  for await (const { valid } of search.paths(target))
    return input.requireExplicit && valid.policies.size === 0 ? 'no policy' : undefined;
  return search.failure.reason;
}

/** Where we do not do as the document says, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  '4.1.4': 'DSA has no place in IKEv2 chains (FIPS 186-5 withdrew it): such keys are refused',
  '4.1.5': 'DSA, as in 4.1.4',
};

describe.each(pkitsSections)('PKITS $title, paths', ({ cases }) => {
  test.each(cases)('$id $name', async (one) => {
    const failure = await judge(one);
    if (one.id in exceptions) expect(failure).toContain('unsupported kind');
    else if (one.validPath) expect(failure).toBeUndefined();
    else expect(failure).toBeDefined();
  });
});
