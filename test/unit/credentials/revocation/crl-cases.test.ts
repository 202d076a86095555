import { expect, test } from 'vitest';
import type { RevocationQuestion } from '../../../../daemon/credentials/revocation/checker.ts';
import type { Certificate } from '../../../../daemon/credentials/x509/certificate.ts';
import { nameOf } from '../../../support/build-x509.ts';
import { RevocationBench } from '../../../support/revocation-bench.ts';
import { ext, newKey, part, TestAuthority, type TestCrl } from '../../../support/revocation-pki.ts';

// SEC-55: each case is a PKI with CRLs that are right but for one thing, and what must come of it. The certificate asked about has
// serial number 7 and is issued by the root.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const URL = 'http://crl.example.org/root.crl';
const OTHER_URL = 'http://crl.example.org/other.crl';
const DELTA_URL = 'http://crl.example.org/delta.crl';

interface Case {
  /** Extensions of the certificate; a distribution point with `URL` unless said otherwise. */
  readonly extensions?: readonly Uint8Array[];
  /** Puts CRLs on servers and elsewhere. */
  readonly prepare: (bench: RevocationBench, certificate: Certificate) => void;
  readonly between?: (bench: RevocationBench) => readonly TestAuthority[];
  readonly question?: (bench: RevocationBench) => Partial<RevocationQuestion>;
  readonly expected: string;
  /** URLs that must have been asked, all of them in this order. */
  readonly asked?: readonly string[];
}

function current(bench: RevocationBench, changes: Partial<TestCrl> = {}): TestCrl {
  return { thisUpdate: bench.now - HOUR, nextUpdate: bench.now + DAY, ...changes };
}

/** A case in which one CRL is served, the current one of the root with these changes. */
function served(
  changes: (bench: RevocationBench) => Partial<TestCrl>,
  expected: string,
  extensions?: readonly Uint8Array[],
): Case {
  return {
    ...(extensions === undefined ? {} : { extensions }),
    prepare: (bench) => bench.fetcher.serve(URL, bench.root.crlDer(current(bench, changes(bench)))),
    expected,
  };
}

const revoked = [{ serial: 7, at: Date.UTC(2025, 5, 1), reason: 1 }];
const number = (value: number) => ext.crlNumber(value);
const pointOf = (...parts: readonly Uint8Array[]) => [ext.point(...parts)];

const cases: Readonly<Record<string, Case>> = {
  'a current CRL without the certificate': served(() => ({}), 'good'),
  'a current CRL with the certificate': served(
    () => ({ entries: revoked }),
    'revoked keyCompromise',
  ),
  'a current CRL with others': served(
    () => ({ entries: [{ serial: 8 }, { serial: 0x107 }] }),
    'good',
  ),
  'an entry without a reason': served(() => ({ entries: [{ serial: 7 }] }), 'revoked unspecified'),
  'a certificate on hold': served(
    () => ({ entries: [{ serial: 7, reason: 6 }] }),
    'revoked certificateHold',
  ),
  'a CRL that is not valid yet': served(
    ({ now }) => ({ thisUpdate: now + HOUR, nextUpdate: now + DAY }),
    'unavailable',
  ),
  'a CRL of a clock that is two minutes ahead': served(
    ({ now }) => ({ thisUpdate: now + 120_000 }),
    'good',
  ),
  'a CRL that has just expired': served(({ now }) => ({ nextUpdate: now - 1000 }), 'stale'),
  'an expired CRL with the certificate': served(
    ({ now }) => ({ nextUpdate: now - 1000, entries: revoked }),
    'revoked keyCompromise',
  ),
  'a CRL of yesterday without nextUpdate': {
    prepare: (bench) =>
      bench.fetcher.serve(URL, bench.root.crlDer({ thisUpdate: bench.now - DAY - HOUR })),
    expected: 'stale',
  },
  'a CRL of today without nextUpdate': {
    prepare: (bench) =>
      bench.fetcher.serve(URL, bench.root.crlDer({ thisUpdate: bench.now - HOUR })),
    expected: 'good',
  },
  'a CRL of another issuer': {
    prepare: (bench) =>
      bench.fetcher.serve(URL, TestAuthority.root('other', bench.now).crlDer(current(bench))),
    expected: 'unavailable',
  },
  'a CRL in the name of the issuer, signed by somebody else': {
    prepare: (bench) => bench.fetcher.serve(URL, bench.root.crlDer(current(bench), newKey())),
    expected: 'unavailable',
  },
  'a CRL with one bit of it changed': {
    prepare: (bench) => {
      const octets = bench.root.crlDer(current(bench, { entries: revoked }));
      const at = octets.length - 100;
      octets[at] = (octets[at] ?? 0) ^ 1;
      bench.fetcher.serve(URL, octets);
    },
    expected: 'unavailable',
  },
  'a CRL that names another key of its issuer': served(
    () => ({ extensions: [number(1), ext.authority(new Uint8Array(20))] }),
    'unavailable',
  ),
  'a CRL that names the key of its issuer': {
    prepare: (bench) => {
      const extensions = [number(1), ext.authority(bench.root.key.keyId)];
      bench.fetcher.serve(URL, bench.root.crlDer(current(bench, { extensions })));
    },
    expected: 'good',
  },
  'a CRL with an unknown critical extension': served(
    () => ({ extensions: [number(1), ext.unknownCritical()] }),
    'unavailable',
  ),
  'an entry with an unknown critical extension': served(
    () => ({ entries: [{ serial: 9, extensions: [ext.unknownCritical()] }] }),
    'unavailable',
  ),
  'a CRL for CAs only': served(
    () => ({ extensions: [number(1), ext.scope(part.onlyCa())] }),
    'unavailable',
  ),
  'a CRL for users only': served(
    () => ({ extensions: [number(1), ext.scope(part.onlyUser())] }),
    'good',
  ),
  'a CRL for attribute certificates only': served(
    () => ({ extensions: [number(1), ext.scope(part.onlyAttribute())] }),
    'unavailable',
  ),
  'a CRL for this distribution point': served(
    () => ({ extensions: [number(1), ext.scope(part.uri(OTHER_URL, URL))] }),
    'good',
  ),
  'a CRL for another distribution point': served(
    () => ({ extensions: [number(1), ext.scope(part.uri(OTHER_URL))] }),
    'unavailable',
  ),
  'a CRL for some reasons only': served(
    () => ({ extensions: [number(1), ext.scope(part.reasons(3, 1, 0x60))] }),
    'unavailable',
  ),
  'two CRLs for all reasons between them': {
    extensions: [ext.points(part.uri(URL), part.uri(OTHER_URL))],
    prepare: (bench) => {
      const some = ext.scope(part.uri(URL), part.reasons(3, 7, 0x60, 0x00));
      const others = ext.scope(part.uri(OTHER_URL), part.reasons(3, 7, 0x1f, 0x80));
      bench.fetcher.serve(
        URL,
        bench.root.crlDer(current(bench, { extensions: [number(1), some] })),
      );
      const second = current(bench, { extensions: [number(1), others] });
      bench.fetcher.serve(OTHER_URL, bench.root.crlDer(second));
    },
    expected: 'good',
    asked: [URL, OTHER_URL],
  },
  'the second of two distribution points revokes': {
    extensions: [ext.points(part.uri(URL), part.uri(OTHER_URL))],
    prepare: (bench) => {
      const some = ext.scope(part.uri(URL), part.reasons(3, 7, 0x60, 0x00));
      const others = ext.scope(part.uri(OTHER_URL), part.reasons(3, 7, 0x1f, 0x80));
      bench.fetcher.serve(
        URL,
        bench.root.crlDer(current(bench, { extensions: [number(1), some] })),
      );
      const entries = [{ serial: 7, reason: 4 }];
      const second = current(bench, { extensions: [number(1), others], entries });
      bench.fetcher.serve(OTHER_URL, bench.root.crlDer(second));
    },
    expected: 'revoked superseded',
  },
  'the first URL is dead, the second answers': {
    extensions: pointOf(part.uri(OTHER_URL, URL)),
    prepare: (bench) => bench.fetcher.serve(URL, bench.root.crlDer(current(bench))),
    expected: 'good',
    asked: [OTHER_URL, URL],
  },
  'the first URL hangs, the second answers': {
    extensions: pointOf(part.uri(OTHER_URL, URL)),
    prepare: (bench) => {
      bench.fetcher.serve(OTHER_URL, 'never');
      bench.fetcher.serve(URL, bench.root.crlDer(current(bench)));
    },
    expected: 'good',
  },
  'all URLs hang': {
    prepare: (bench) => bench.fetcher.serve(URL, 'never'),
    expected: 'unavailable',
  },
  'what is served is no CRL': {
    prepare: (bench) => bench.fetcher.serve(URL, new Uint8Array(100)),
    expected: 'unavailable',
  },
  'a certificate that names nothing': {
    extensions: [],
    prepare: () => undefined,
    expected: 'skipped',
  },
  'a CRL that was loaded': {
    extensions: [],
    prepare: (bench) => bench.crls.push(bench.root.crl(current(bench, { entries: revoked }))),
    expected: 'revoked keyCompromise',
    asked: [],
  },
  'a loaded CRL is enough, nothing is fetched': {
    prepare: (bench) => bench.crls.push(bench.root.crl(current(bench))),
    expected: 'good',
    asked: [],
  },
  'a CRL that the peer sent is enough, nothing is fetched': {
    prepare: () => undefined,
    question: (bench) => ({ receivedCrls: [bench.root.crl(current(bench))] }),
    expected: 'good',
    asked: [],
  },
  'a CRL that the peer made itself': {
    prepare: (bench) =>
      bench.fetcher.serve(URL, bench.root.crlDer(current(bench, { entries: revoked }))),
    question: (bench) => ({
      receivedCrls: [bench.root.crl(current(bench, { extensions: [number(9)] }), newKey())],
    }),
    expected: 'revoked keyCompromise',
  },
  'an older CRL that the peer sent does not count beside a newer one': {
    prepare: (bench) => {
      const newer = current(bench, { extensions: [number(2)], entries: revoked });
      bench.crls.push(bench.root.crl(newer));
    },
    question: (bench) => ({ receivedCrls: [bench.root.crl(current(bench))] }),
    expected: 'revoked keyCompromise',
  },
  'the URL of the operator comes first': {
    prepare: (bench) => {
      bench.urls = { crlUris: [OTHER_URL], ocspUris: [] };
      bench.fetcher.serve(OTHER_URL, bench.root.crlDer(current(bench, { entries: revoked })));
    },
    expected: 'revoked keyCompromise',
    asked: [OTHER_URL],
  },
  'a stale CRL is replaced': {
    prepare: (bench) => {
      const old = current(bench, { nextUpdate: bench.now - 1, thisUpdate: bench.now - DAY });
      bench.crls.push(bench.root.crl(old));
      const extensions = [number(2)];
      bench.fetcher.serve(URL, bench.root.crlDer(current(bench, { extensions, entries: revoked })));
    },
    expected: 'revoked keyCompromise',
    asked: [URL],
  },
  'the hold of a newer CRL is over': {
    prepare: (bench) => {
      bench.crls.push(bench.root.crl(current(bench, { entries: [{ serial: 7, reason: 6 }] })));
      bench.crls.push(bench.root.crl(current(bench, { extensions: [number(2)] })));
    },
    expected: 'good',
  },
  'a delta revokes': {
    extensions: [ext.crls(URL), ext.freshest(DELTA_URL)],
    prepare: (bench) => {
      bench.fetcher.serve(URL, bench.root.crlDer(current(bench)));
      const delta = current(bench, { extensions: [number(3), ext.delta(1)], entries: revoked });
      bench.fetcher.serve(DELTA_URL, bench.root.crlDer(delta));
    },
    expected: 'revoked keyCompromise',
    asked: [URL, DELTA_URL],
  },
  'a delta that the CRL names lifts a hold': {
    prepare: (bench) => {
      const extensions = [number(1), ext.freshest(DELTA_URL)];
      const entries = [{ serial: 7, reason: 6 }];
      bench.fetcher.serve(URL, bench.root.crlDer(current(bench, { extensions, entries })));
      const removed = [{ serial: 7, reason: 8 }];
      const delta = current(bench, { extensions: [number(3), ext.delta(1)], entries: removed });
      bench.fetcher.serve(DELTA_URL, bench.root.crlDer(delta));
    },
    expected: 'good',
  },
  'an expired delta lifts no hold': {
    extensions: [ext.crls(URL), ext.freshest(DELTA_URL)],
    prepare: (bench) => {
      const entries = [{ serial: 7, reason: 6 }];
      bench.fetcher.serve(URL, bench.root.crlDer(current(bench, { entries })));
      const delta = {
        thisUpdate: bench.now - DAY,
        nextUpdate: bench.now - 1,
        extensions: [number(3), ext.delta(1)],
        entries: [{ serial: 7, reason: 8 }],
      };
      bench.fetcher.serve(DELTA_URL, bench.root.crlDer(delta));
    },
    expected: 'revoked certificateHold',
  },
  'a delta for a newer base than ours does not count': {
    extensions: [ext.crls(URL), ext.freshest(DELTA_URL)],
    prepare: (bench) => {
      bench.fetcher.serve(
        URL,
        bench.root.crlDer(current(bench, { entries: [{ serial: 7, reason: 6 }] })),
      );
      const delta = current(bench, {
        extensions: [number(5), ext.delta(2)],
        entries: [{ serial: 7, reason: 8 }],
      });
      bench.fetcher.serve(DELTA_URL, bench.root.crlDer(delta));
    },
    expected: 'revoked certificateHold',
  },
  'a delta signed by somebody else does not count': {
    extensions: [ext.crls(URL), ext.freshest(DELTA_URL)],
    prepare: (bench) => {
      bench.fetcher.serve(
        URL,
        bench.root.crlDer(current(bench, { entries: [{ serial: 7, reason: 6 }] })),
      );
      const delta = current(bench, {
        extensions: [number(3), ext.delta(1)],
        entries: [{ serial: 7, reason: 8 }],
      });
      bench.fetcher.serve(DELTA_URL, bench.root.crlDer(delta, newKey()));
    },
    expected: 'revoked certificateHold',
  },
  'a delta alone is no CRL': served(
    () => ({ extensions: [number(3), ext.delta(1)] }),
    'unavailable',
  ),
  'a fresh delta makes up for an expired CRL': {
    extensions: [ext.crls(URL), ext.freshest(DELTA_URL)],
    prepare: (bench) => {
      bench.fetcher.serve(URL, bench.root.crlDer(current(bench, { nextUpdate: bench.now - 1 })));
      const delta = current(bench, { extensions: [number(3), ext.delta(1)] });
      bench.fetcher.serve(DELTA_URL, bench.root.crlDer(delta));
    },
    expected: 'good',
  },
  'a delta that cannot be had is missed, the CRL counts': {
    extensions: [ext.crls(URL), ext.freshest(DELTA_URL)],
    prepare: (bench) => bench.fetcher.serve(URL, bench.root.crlDer(current(bench))),
    expected: 'good',
  },
  'an indirect CRL revokes': indirect(
    { entries: [{ serial: 7, reason: 1, issuer: nameOf('root') }] },
    'revoked keyCompromise',
  ),
  'an indirect CRL with that number of another CA': indirect(
    { entries: [{ serial: 7, reason: 1 }] },
    'good',
  ),
  'an indirect CRL whose entry is of a third CA': indirect(
    { entries: [{ serial: 7, reason: 1, issuer: nameOf('third') }] },
    'good',
  ),
  'a CRL of the indirect issuer that does not say it is one': indirect(
    { extensions: [number(1)] },
    'unavailable',
  ),
  'an indirect CRL whose issuer is not trusted': indirect({}, 'unavailable', (bench) =>
    TestAuthority.root('crl issuer', bench.now),
  ),
  'an indirect CRL whose issuer may not sign CRLs': indirect({}, 'unavailable', (bench) =>
    bench.root.authority('crl issuer', 50, bench.now, [ext.ca(), ext.keyUsage(5)]),
  ),
  'an indirect CRL whose issuer was revoked': indirect({}, 'unavailable', (bench) =>
    crlIssuer(bench, [{ serial: 50 }]),
  ),
  'an indirect CRL whose issuer has another trust anchor': indirect({}, 'unavailable', (bench) => {
    const other = TestAuthority.root('another anchor', bench.now);
    const issuer = other.authority('crl issuer', 50, bench.now);
    bench.paths.push([issuer.certificate, other.certificate]);
    return issuer;
  }),
  'a CA that may not sign CRLs': {
    between: (bench) => [bench.root.authority('sub', 20, bench.now, [ext.ca(), ext.keyUsage(5)])],
    prepare: () => undefined,
    expected: 'unavailable',
  },
  'a CA with another key for CRLs': {
    prepare: (bench) => {
      const extensions = [number(1), ext.scope(part.uri(OTHER_URL))];
      bench.fetcher.serve(OTHER_URL, bench.root.crlDer(current(bench, { extensions })));
      const other = bench.root.authority('root', 30, bench.now, [
        ext.ca(),
        ext.keyUsage(6),
        ext.crls(OTHER_URL),
      ]);
      bench.load(other.certificate);
      bench.fetcher.serve(URL, other.crlDer(current(bench, { entries: revoked })));
    },
    expected: 'revoked keyCompromise',
  },
};

/** An issuer of CRLs about whom there is a CRL for its own distribution point, which says nothing about others. */
function crlIssuer(bench: RevocationBench, entries: TestCrl['entries'] = []): TestAuthority {
  const extensions = [number(1), ext.scope(part.uri(OTHER_URL))];
  bench.fetcher.serve(OTHER_URL, bench.root.crlDer(current(bench, { extensions, entries })));
  const usual = [ext.ca(), ext.keyUsage(5, 6), ext.crls(OTHER_URL)];
  return bench.root.authority('crl issuer', 50, bench.now, usual);
}

function indirect(
  changes: Partial<TestCrl>,
  expected: string,
  issuer: (bench: RevocationBench) => TestAuthority = crlIssuer,
): Case {
  return {
    extensions: pointOf(part.uri(URL), part.crlIssuer(nameOf('crl issuer'))),
    prepare: (bench) => {
      const signer = issuer(bench);
      bench.load(signer.certificate);
      const extensions = [number(1), ext.scope(part.uri(URL), part.indirect())];
      bench.fetcher.serve(URL, signer.crlDer(current(bench, { extensions, ...changes })));
    },
    expected,
  };
}

test.each(Object.entries(cases))(
  'SEC-55: %s',
  async (_, { extensions, prepare, between, question, expected, asked }) => {
    const bench = new RevocationBench();
    const cas = between?.(bench) ?? [];
    const issuer = cas[0] ?? bench.root;
    const { certificate } = issuer.issue('moon', 7, bench.now, extensions ?? [ext.crls(URL)]);
    prepare(bench, certificate);
    if (cas.length > 0) bench.fetcher.serve(URL, issuer.crlDer(current(bench)));
    const status = await bench.ask(certificate, cas, question?.(bench));
    const text = status.status === 'revoked' ? `revoked ${status.reason}` : status.status;
    expect(text, bench.log.lines.join('\n')).toBe(expected);
    if (asked !== undefined) expect(bench.fetcher.asked).toEqual(asked);
    expect(bench.clock.now()).toBeLessThanOrEqual(10_000);
  },
);

test.each([
  ['users', part.onlyUser, 'unavailable'],
  ['CAs', part.onlyCa, 'good'],
] as const)('SEC-55: the certificate of a CA and a CRL for %s only', async (_, scope, expected) => {
  const bench = new RevocationBench();
  const usual = [ext.ca(), ext.keyUsage(5, 6), ext.crls(URL)];
  const sub = bench.root.authority('sub', 7, bench.now, usual);
  const extensions = [number(1), ext.scope(scope())];
  bench.fetcher.serve(URL, bench.root.crlDer(current(bench, { extensions })));
  expect((await bench.ask(sub.certificate)).status).toBe(expected);
});
