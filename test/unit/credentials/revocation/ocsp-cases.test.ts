import { expect, test } from 'vitest';
import type { Certificate, OcspResponse } from '../../../../daemon/credentials/x509/certificate.ts';
import { decodeOcspResponse } from '../../../../daemon/credentials/x509/decode-ocsp.ts';
import { nonceOf, RevocationBench } from '../../../support/revocation-bench.ts';
import {
  ext,
  pkiTools,
  type TestAnswer,
  TestAuthority,
  type TestHolder,
  type TestResponse,
} from '../../../support/revocation-pki.ts';

// SEC-55: each case is a PKI with an OCSP responder that is right but for one thing. The certificate asked about has serial number 7
// and is issued by the root.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const URL = 'http://ocsp.example.org/';
const OTHER_URL = 'http://other.example.org/ocsp';
const CRL_URL = 'http://crl.example.org/root.crl';

interface Case {
  readonly extensions?: readonly Uint8Array[];
  readonly prepare: (bench: RevocationBench, certificate: Certificate) => void;
  /** What the peer sends along. */
  readonly stapled?: (bench: RevocationBench) => Uint8Array;
  readonly expected: string;
  readonly asked?: readonly string[];
}

function answer({ now }: RevocationBench, changes: Partial<TestAnswer> = {}): TestAnswer {
  return {
    serial: 7,
    status: 'good',
    thisUpdate: now - MINUTE,
    nextUpdate: now + DAY,
    ...changes,
  };
}

function says(bench: RevocationBench, changes: Partial<TestAnswer> = {}): TestResponse {
  return { producedAt: bench.now, answers: [answer(bench, changes)] };
}

/** A case with a responder that is the CA itself, repeats the nonce, and says this. */
function self(response: (bench: RevocationBench) => Partial<TestResponse>, expected: string): Case {
  return {
    prepare: (bench) =>
      bench.fetcher.serve(URL, {
        answer: (request) => {
          const nonce = nonceOf(request);
          const usual = { ...says(bench), ...(nonce === undefined ? {} : { nonce }) };
          return bench.root.respond(bench.root, { ...usual, ...response(bench) });
        },
      }),
    expected,
  };
}

/** A case with a delegated responder, made and asked as told. */
function delegated(
  make: (bench: RevocationBench) => TestHolder,
  expected: string,
  changes: Partial<TestAnswer> = {},
): Case {
  return {
    prepare: (bench) => {
      const responder = make(bench);
      const response = responder.respond(bench.root, says(bench, changes), [responder], 'name');
      bench.fetcher.serve(URL, response);
    },
    expected,
  };
}

const signing = [ext.ocspSigning(), ext.noCheck()];

const cases: Readonly<Record<string, Case>> = {
  'the CA itself says good': self(() => ({}), 'good'),
  'the CA itself says revoked': self(
    (bench) => ({ answers: [answer(bench, { status: 'revoked' })] }),
    'revoked unspecified',
  ),
  'the responder does not know the certificate': self(
    (bench) => ({ answers: [answer(bench, { status: 'unknown' })] }),
    'unavailable',
  ),
  'a response about another certificate': self(
    (bench) => ({ answers: [answer(bench, { serial: 8 })] }),
    'unavailable',
  ),
  'a response about several certificates': self(
    (bench) => ({ answers: [answer(bench, { serial: 8, status: 'revoked' }), answer(bench)] }),
    'good',
  ),
  'two answers that contradict each other': self(
    (bench) => ({ answers: [answer(bench), answer(bench, { status: 'revoked' })] }),
    'revoked unspecified',
  ),
  'a response about a certificate of another CA with that number': self(
    (bench) => ({ answers: [answer(bench, { ca: TestAuthority.root('other', bench.now) })] }),
    'unavailable',
  ),
  'a response to another request (nonce)': self(
    () => ({ nonce: new Uint8Array(32) }),
    'unavailable',
  ),
  'a response without a nonce': {
    prepare: (bench) => bench.fetcher.serve(URL, bench.root.respond(bench.root, says(bench))),
    expected: 'good',
  },
  'a response that is not valid yet': self(
    (bench) => ({ answers: [answer(bench, { thisUpdate: bench.now + HOUR })] }),
    'unavailable',
  ),
  'a response that has expired': self(
    (bench) => ({ answers: [answer(bench, { nextUpdate: bench.now - 1000 })] }),
    'stale',
  ),
  'a response of yesterday without nextUpdate': {
    prepare: (bench) => {
      const { nextUpdate: _, ...old } = answer(bench, { thisUpdate: bench.now - DAY });
      const response = { producedAt: bench.now - DAY, answers: [old] };
      bench.fetcher.serve(URL, bench.root.respond(bench.root, response));
    },
    expected: 'stale',
  },
  'a response that was produced in the future': self(
    (bench) => ({ producedAt: bench.now + HOUR }),
    'unavailable',
  ),
  'a clock of the responder that is two minutes ahead': self(
    (bench) => ({
      producedAt: bench.now + 2 * MINUTE,
      answers: [answer(bench, { thisUpdate: bench.now + 2 * MINUTE })],
    }),
    'good',
  ),
  'a response with an unknown critical extension': self(
    () => ({ extensions: [ext.unknownCritical()] }),
    'unavailable',
  ),
  'a response signed by another CA': {
    prepare: (bench) => {
      const other = TestAuthority.root('other', bench.now);
      bench.fetcher.serve(URL, other.respond(bench.root, says(bench), [other]));
    },
    expected: 'unavailable',
  },
  'a response signed by another CA of the same name': {
    prepare: (bench) => {
      const other = TestAuthority.root('root', bench.now);
      bench.fetcher.serve(URL, other.respond(bench.root, says(bench), [other], 'name'));
    },
    expected: 'unavailable',
  },
  'a response with one bit of it changed': {
    prepare: (bench) => {
      const octets = bench.root.respond(bench.root, says(bench, { status: 'revoked' }));
      const at = octets.length - 10;
      octets[at] = (octets[at] ?? 0) ^ 1;
      bench.fetcher.serve(URL, octets);
    },
    expected: 'unavailable',
  },
  garbage: {
    prepare: (bench) => bench.fetcher.serve(URL, new Uint8Array(200)),
    expected: 'unavailable',
  },
  'a responder that wants to be asked later': {
    prepare: (bench) => bench.fetcher.serve(URL, Uint8Array.of(0x30, 3, 0x0a, 1, 3)),
    expected: 'unavailable',
  },
  'a delegated responder': delegated(
    ({ root, now }) => root.issue('responder', 60, now, signing),
    'good',
  ),
  'a delegated responder says revoked': delegated(
    ({ root, now }) => root.issue('responder', 60, now, signing),
    'revoked unspecified',
    { status: 'revoked' },
  ),
  'a delegated responder without the purpose': delegated(
    ({ root, now }) => root.issue('responder', 60, now, [ext.noCheck()]),
    'unavailable',
  ),
  'a delegated responder whose key is not for signatures': delegated(
    ({ root, now }) => root.issue('responder', 60, now, [...signing, ext.keyUsage(2)]),
    'unavailable',
  ),
  'a delegated responder of another CA': delegated(({ now }) => {
    return TestAuthority.root('root', now).issue('responder', 60, now, signing);
  }, 'unavailable'),
  'a delegated responder of a CA below': delegated(({ root, now }) => {
    return root.authority('sub', 61, now).issue('responder', 60, now, signing);
  }, 'unavailable'),
  'a delegated responder whose certificate has expired': delegated(({ root, now }) => {
    return root.issue('responder', 60, now - 400 * DAY, signing);
  }, 'unavailable'),
  'a delegated responder with an unknown critical extension': delegated(
    ({ root, now }) => root.issue('responder', 60, now, [...signing, ext.unknownCritical()]),
    'unavailable',
  ),
  'the certificate asked about is no responder for itself': {
    extensions: [ext.ocsp(URL)],
    prepare: (bench) => {
      const peer = bench.root.issue('moon', 7, bench.now, [ext.ocsp(URL)]);
      bench.fetcher.serve(URL, peer.respond(bench.root, says(bench), [peer]));
    },
    expected: 'unavailable',
  },
  'a delegated responder that was revoked': {
    prepare: (bench) => {
      const responder = bench.root.issue('responder', 60, bench.now, [ext.ocspSigning()]);
      const revokes = { thisUpdate: bench.now, nextUpdate: bench.now + DAY };
      bench.crls.push(bench.root.crl({ ...revokes, entries: [{ serial: 60 }] }));
      bench.fetcher.serve(URL, responder.respond(bench.root, says(bench), [responder]));
    },
    // The loaded CRL says that the certificate asked about is good.
    expected: 'good by crl',
  },
  'a delegated responder about whom nobody can be asked': delegated(
    ({ root, now }) => root.issue('responder', 60, now, [ext.ocspSigning()]),
    'good',
  ),
  'a responder that the operator loaded as one': delegated((bench) => {
    const responder = TestAuthority.root('elsewhere', bench.now);
    bench.load(responder.certificate, 'OCSP');
    return responder;
  }, 'good'),
  'a certificate that was loaded for something else is no responder': delegated((bench) => {
    const responder = TestAuthority.root('elsewhere', bench.now);
    bench.load(responder.certificate, 'CA');
    return responder;
  }, 'unavailable'),
  'a stapled response is enough, nobody is asked': {
    prepare: () => undefined,
    stapled: (bench) => bench.root.respond(bench.root, says(bench)),
    expected: 'good',
    asked: [],
  },
  'a stapled response that says revoked': {
    prepare: () => undefined,
    stapled: (bench) => bench.root.respond(bench.root, says(bench, { status: 'revoked' })),
    expected: 'revoked unspecified',
  },
  'a stapled response that the peer signed': {
    prepare: (bench) => {
      const response = bench.root.respond(bench.root, says(bench, { status: 'revoked' }));
      bench.fetcher.serve(URL, response);
    },
    stapled: (bench) => {
      const peer = bench.root.issue('moon', 7, bench.now);
      return peer.respond(bench.root, says(bench), [peer]);
    },
    expected: 'revoked unspecified',
  },
  'a stapled response that has expired': {
    prepare: (bench) => bench.fetcher.serve(URL, bench.root.respond(bench.root, says(bench))),
    stapled: (bench) =>
      bench.root.respond(bench.root, says(bench, { nextUpdate: bench.now - 1000 })),
    expected: 'good',
    asked: [URL],
  },
  'a loaded response': {
    prepare: (bench) => {
      const response = bench.root.respond(bench.root, says(bench, { status: 'revoked' }));
      bench.ocspResponses.push(decoded(response));
    },
    expected: 'revoked unspecified',
    asked: [],
  },
  'the responder of the operator is asked first': {
    prepare: (bench) => {
      bench.urls = { crlUris: [], ocspUris: [OTHER_URL] };
      bench.fetcher.serve(OTHER_URL, bench.root.respond(bench.root, says(bench)));
    },
    expected: 'good',
    asked: [OTHER_URL],
  },
  'the first responder is dead, the second answers': {
    extensions: [ext.ocsp(OTHER_URL, URL)],
    prepare: (bench) => bench.fetcher.serve(URL, bench.root.respond(bench.root, says(bench))),
    expected: 'good',
    asked: [OTHER_URL, URL],
  },
  'the responder hangs, a CRL answers': {
    extensions: [ext.ocsp(URL), ext.crls(CRL_URL)],
    prepare: (bench) => {
      bench.fetcher.serve(URL, 'never');
      const crl = { thisUpdate: bench.now, nextUpdate: bench.now + DAY, entries: [{ serial: 7 }] };
      bench.fetcher.serve(CRL_URL, bench.root.crlDer(crl));
    },
    expected: 'revoked unspecified',
  },
  'the responder hangs': {
    prepare: (bench) => bench.fetcher.serve(URL, 'never'),
    expected: 'unavailable',
  },
  'OCSP that says good is enough, the CRL is not asked': {
    extensions: [ext.ocsp(URL), ext.crls(CRL_URL)],
    prepare: (bench) => bench.fetcher.serve(URL, bench.root.respond(bench.root, says(bench))),
    expected: 'good',
    asked: [URL],
  },
};

function decoded(octets: Uint8Array): OcspResponse {
  const response = decodeOcspResponse(octets, pkiTools);
  if (!response.ok) throw new Error(`${response.problem.field}: ${response.problem.found}`);
  return response.value;
}

test.each(Object.entries(cases))(
  'SEC-55: %s',
  async (_, { extensions, prepare, stapled, expected, asked }) => {
    const bench = new RevocationBench();
    const { certificate } = bench.root.issue('moon', 7, bench.now, extensions ?? [ext.ocsp(URL)]);
    prepare(bench, certificate);
    const receivedOcsp = stapled === undefined ? [] : [decoded(stapled(bench))];
    const status = await bench.ask(certificate, [], { receivedOcsp });
    const text = status.status === 'revoked' ? `revoked ${status.reason}` : status.status;
    const byCrl = bench.log.lines.some((line) => line.includes('fallback to crl'));
    const wanted = expected.replace(' by crl', '');
    expect(text, bench.log.lines.join('\n')).toBe(wanted);
    if (wanted !== expected) expect(byCrl).toBe(true);
    if (asked !== undefined) expect(bench.fetcher.asked).toEqual(asked);
    expect(bench.clock.now()).toBeLessThanOrEqual(10_000);
  },
);
