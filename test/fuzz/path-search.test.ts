import { describe, expect, test } from 'vitest';
import {
  checkCertificate,
  checkIssuer,
  checkSignatureKind,
} from '../../daemon/credentials/path/certificate-checks.ts';
import { ANY_STRENGTH } from '../../daemon/credentials/path/path-finder.ts';
import { ANY_POLICY, PolicyGraph } from '../../daemon/credentials/path/policy-graph.ts';
import { ANY_POLICY_INPUT, validatePath } from '../../daemon/credentials/path/validate-path.ts';
import type { Certificate } from '../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../daemon/credentials/x509/decode-certificate.ts';
import { decodeTools } from '../support/decode-tools.ts';
import { seeded } from '../support/mutate.ts';
import { mutateDer } from '../support/mutate-der.ts';
import { NO_CONSTRAINTS, PathSetup, received } from '../support/path-setup.ts';
import { PolicyTree } from '../support/policy-tree.ts';
import { caExtension, issue, TEST_TIME, type TestKey, testKey } from '../support/test-pki.ts';
import { fullCertificate } from '../support/x509-samples.ts';

const WORLDS = 400;

describe('SEC-54 certificates that sign each other at random', { timeout: 120_000 }, () => {
  test('a path is found if and only if trying every one finds one', async () => {
    const below = seeded(54);
    const keys = Array.from({ length: 6 }, testKey);
    let found = 0;
    for (let i = 0; i < WORLDS; i++) {
      const world = randomWorld(below, keys);
      const setup = new PathSetup();
      setup.source.load('CA', world.anchors);
      const result = await setup.path(world.target, ...world.between);
      const expected = anyPath(setup, world);
      if (result.chain !== undefined) {
        found++;
        expect(isValidPath(setup, world, result.chain)).toBe(true);
      } else expect(result.reason).not.toMatch(/the search for a path took/);
      expect(result.chain !== undefined).toBe(expected);
      expect(setup.checks).toBeLessThanOrEqual(world.between.length + 1);
    }
    // Both ways out must be well trodden, or the worlds test nothing.
    expect(found).toBeGreaterThan(WORLDS / 10);
    expect(found).toBeLessThan((WORLDS * 9) / 10);
  });
});

describe('policies of random chains', () => {
  test('are the same by the graph of RFC 9618 and by the tree of RFC 5280', () => {
    const below = seeded(9618);
    const named = ['1.2.1', '1.2.2', '1.2.3', '1.2.4'];
    const some = (): string[] => named.filter(() => below(2) === 0);
    const one = (): string => named[below(named.length)] ?? '1.2.1';
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const [graph, tree] = [new PolicyGraph(), new PolicyTree()];
      for (let depth = 1 + below(5); depth > 0; depth--) {
        const policies = [...some(), ...(below(3) === 0 ? [ANY_POLICY] : [])];
        const [stated, allowed] = [below(20) === 0 ? undefined : policies, below(4) > 0];
        const mappings = Array.from({ length: below(4) }, () => ({
          issuer: one(),
          subject: one(),
        }));
        const mayMap = below(4) > 0;
        for (const one of [graph, tree]) {
          one.addCertificate(stated, allowed);
          if (depth > 1) one.addMappings(mappings, mayMap);
        }
      }
      const valid = [...graph.authorityPolicies()].sort();
      expect(valid).toEqual([...tree.authorityPolicies()].sort());
      seen.add(valid.join());
    }
    expect(seen.size).toBeGreaterThan(10);
  });
});

describe('SEC-53 mutated certificates in a chain', { timeout: 120_000 }, () => {
  test('are judged and never break the judgement', async () => {
    const below = seeded(53);
    let judged = 0;
    for (let i = 0; i < 1500; i++) {
      const decoded = decodeCertificate(mutateDer(fullCertificate, below), decodeTools);
      if (!decoded.ok || decoded.value.publicKey === undefined) continue;
      const certificate = decoded.value;
      const setup = new PathSetup();
      const root = { ...certificate, subjectKey: certificate.issuerKey, fingerprint: 'root' };
      setup.source.load('CA', [root]);
      const [identity] = certificate.identities;
      if (identity === undefined) continue;
      const claim = { identity, publicKey: decoded.value.publicKey, certificate };
      const verdict = await setup.trust.judge(claim, received(certificate), NO_CONSTRAINTS);
      if (!verdict.trusted) expect(verdict.reason).not.toContain('could not be judged');
      judged++;
    }
    expect(judged).toBeGreaterThan(100);
  });
});

/** Which certificates there are, and which of them are really signed by whoever they name. */
interface World {
  readonly anchors: readonly Certificate[];
  readonly between: readonly Certificate[];
  readonly target: Certificate;
  readonly signedBy: ReadonlyMap<Certificate, TestKey>;
}

type Random = (limit: number) => number;

function randomWorld(below: Random, keys: readonly TestKey[]): World {
  const signedBy = new Map<Certificate, TestKey>();
  const keyOf = (i: number): TestKey => keys[i % keys.length] ?? testKey();
  const authority = (i: number) => issue({ subject: `ca ${i}`, key: keyOf(i), ca: true });
  const selves = keys.map((_, i) => authority(i));
  const certificate = (subject: number, issuer: number, peer: boolean): Certificate => {
    const by = selves[issuer];
    const forged = below(6) === 0;
    const signer = forged ? keyOf(below(keys.length)) : keyOf(issuer);
    const length = below(4);
    const made = issue({
      subject: peer ? 'peer' : `ca ${subject}`,
      key: peer ? keyOf(subject + 1) : keyOf(subject),
      ...(by && { issuer: by }),
      ca: !peer && (length < 2 ? { pathLength: length } : below(10) > 0),
      notAfter: TEST_TIME + (below(8) === 0 ? -1 : 1),
      extensions: below(3) === 0 ? [caExtension.policies('1.2.3')] : [],
      forgedBy: signer,
    }).certificate;
    signedBy.set(made, signer);
    // Without hints for half of them, so that the search has to try.
    const { authorityKeyId: _, ...anonymous } = made;
    const result = below(2) === 0 ? made : anonymous;
    signedBy.set(result, signer);
    return result;
  };
  const between = Array.from({ length: 4 + below(10) }, () =>
    certificate(1 + below(keys.length - 1), below(keys.length), false),
  );
  const anchors = selves.slice(0, 1 + below(2)).map((entity) => entity.certificate);
  return { anchors, between, target: certificate(0, 1 + below(keys.length - 1), true), signedBy };
}

/** Tries every way there is, however long that takes. */
function anyPath(setup: PathSetup, world: World, path = [world.target]): boolean {
  if (isValidPath(setup, world, path)) return true;
  if (path.length > 7) return false;
  const last = path.at(-1);
  return [...world.anchors, ...world.between].some(
    (issuer) =>
      issuer.subjectKey === last?.issuerKey &&
      !path.some(
        (other) =>
          other.subjectKey === issuer.subjectKey &&
          other.publicKey?.keyId === issuer.publicKey?.keyId,
      ) &&
      anyPath(setup, world, [...path, issuer]),
  );
}

function isValidPath(setup: PathSetup, world: World, path: readonly Certificate[]): boolean {
  const rules = setup.finder.rules(ANY_STRENGTH);
  const last = path.at(-1);
  if (last === undefined || path.length < 2 || !world.anchors.includes(last)) return false;
  const usable = path.every(
    (certificate, i) =>
      checkCertificate(certificate, rules) === undefined &&
      (i === 0 || checkIssuer(certificate) === undefined) &&
      (certificate === last || checkSignatureKind(certificate, rules) === undefined),
  );
  const signed = path.slice(0, -1).every((certificate, i) => {
    const spki = path[i + 1]?.publicKey?.spki;
    const signer = world.signedBy.get(certificate)?.spki;
    return spki !== undefined && signer !== undefined && spki.join() === signer.join();
  });
  return usable && signed && validatePath(path, ANY_POLICY_INPUT).ok;
}
