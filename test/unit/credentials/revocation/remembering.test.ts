import { expect, test } from 'vitest';
import type { CrlFiles, KeptCrl } from '../../../../daemon/contracts/crl-files.ts';
import { OcspStapler } from '../../../../daemon/credentials/revocation/ocsp-stapler.ts';
import { decodeCrl } from '../../../../daemon/credentials/x509/decode-crl.ts';
import { decodeOcspResponse } from '../../../../daemon/credentials/x509/decode-ocsp.ts';
import { RevocationBench } from '../../../support/revocation-bench.ts';
import { ext, newKey, part, pkiTools } from '../../../support/revocation-pki.ts';

// What is kept of CRLs and OCSP responses, for how long, and what it costs when many ask.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CRL = 'http://crl.example.org/root.crl';
const OCSP = 'http://ocsp.example.org/';

function crlOf(bench: RevocationBench, serials: readonly number[], number = 1): Uint8Array {
  return bench.root.crlDer({
    thisUpdate: bench.now,
    nextUpdate: bench.now + DAY,
    entries: serials.map((serial) => ({ serial })),
    extensions: [ext.crlNumber(number)],
  });
}

function ocspOf(bench: RevocationBench, status: 'good' | 'revoked', lasts = DAY): Uint8Array {
  const answer = { serial: 7, status, thisUpdate: bench.now, nextUpdate: bench.now + lasts };
  return bench.root.respond(bench.root, { producedAt: bench.now, answers: [answer] });
}

function moon(bench: RevocationBench, ...extensions: readonly Uint8Array[]) {
  return bench.root.issue('moon', 7, bench.now, extensions).certificate;
}

test('a CRL is fetched once for many certificates, and again when it has expired', async () => {
  const bench = new RevocationBench();
  bench.fetcher.serve(CRL, crlOf(bench, [8]));
  for (const serial of [7, 9, 10]) {
    const { certificate } = bench.root.issue('moon', serial, bench.now, [ext.crls(CRL)]);
    expect(await bench.ask(certificate)).toEqual({ status: 'good' });
  }
  expect(bench.fetcher.asked).toEqual([CRL]);
  bench.pass(DAY + 1);
  bench.fetcher.serve(CRL, crlOf(bench, [7], 2));
  expect(await bench.ask(moon(bench, ext.crls(CRL)))).toMatchObject({ status: 'revoked' });
  expect(bench.fetcher.asked).toEqual([CRL, CRL]);
});

test('a hundred who ask at once are one fetch, and all have their answer in time', async () => {
  const bench = new RevocationBench();
  bench.fetcher.serve(CRL, { answer: () => crlOf(bench, [8]), latency: 9000 });
  const certificates = Array.from(
    { length: 100 },
    (_, i) => bench.root.issue('moon', 100 + i, bench.now, [ext.crls(CRL)]).certificate,
  );
  const answers = await bench.settled(Promise.all(certificates.map((one) => bench.ask(one))));
  expect(answers.every(({ status }) => status === 'good')).toBe(true);
  expect(bench.fetcher.asked).toEqual([CRL]);
  expect(bench.fetcher.calls).toBe(1);
});

test('a server that hangs costs ten seconds once, and is not asked again for half a minute', async () => {
  const bench = new RevocationBench();
  bench.fetcher.serve(CRL, 'never');
  const certificate = moon(bench, ext.crls(CRL));
  expect(await bench.ask(certificate)).toMatchObject({ status: 'unavailable' });
  expect(bench.clock.now()).toBe(10_000);
  expect(await bench.ask(certificate)).toMatchObject({ status: 'unavailable' });
  expect(bench.clock.now()).toBeLessThanOrEqual(10_001);
  expect(bench.fetcher.asked).toEqual([CRL]);
  bench.pass(31_000);
  bench.fetcher.serve(CRL, crlOf(bench, []));
  expect(await bench.ask(certificate)).toEqual({ status: 'good' });
});

test('what has been waited for counts for the whole chain', async () => {
  const bench = new RevocationBench();
  bench.fetcher.serve(CRL, 'never');
  bench.fetcher.serve(OCSP, 'never');
  const since = bench.clock.now();
  expect(await bench.ask(moon(bench, ext.crls(CRL)), [], { since })).toMatchObject({
    status: 'unavailable',
  });
  expect(await bench.ask(moon(bench, ext.ocsp(OCSP)), [], { since })).toMatchObject({
    status: 'unavailable',
  });
  expect(bench.clock.now()).toBeLessThanOrEqual(10_001);
});

test('a fetch that comes too late for one is there for the next', async () => {
  const bench = new RevocationBench();
  bench.fetcher.serve(CRL, { answer: () => crlOf(bench, [7]), latency: 8000 });
  bench.fetcher.serve(OCSP, 'never');
  const certificate = moon(bench, ext.ocsp(OCSP), ext.crls(CRL));
  expect(await bench.ask(certificate)).toMatchObject({ status: 'unavailable' });
  bench.pass(5000);
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
});

test('an OCSP answer is kept for an hour at most, however long it counts', async () => {
  const bench = new RevocationBench();
  bench.fetcher.serve(OCSP, { answer: () => ocspOf(bench, 'good', 7 * DAY) });
  const certificate = moon(bench, ext.ocsp(OCSP));
  expect(await bench.ask(certificate)).toEqual({ status: 'good' });
  bench.pass(HOUR - MINUTE);
  expect(await bench.ask(certificate)).toEqual({ status: 'good' });
  expect(bench.fetcher.asked).toHaveLength(1);
  bench.pass(2 * MINUTE);
  bench.fetcher.serve(OCSP, { answer: () => ocspOf(bench, 'revoked', 7 * DAY) });
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
});

test('SEC-55: revoked stays revoked when nobody answers any more', async () => {
  const bench = new RevocationBench();
  bench.fetcher.serve(OCSP, ocspOf(bench, 'revoked', HOUR));
  const certificate = moon(bench, ext.ocsp(OCSP));
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
  bench.fetcher.serve(OCSP, 'never');
  bench.service.flush();
  bench.pass(2 * DAY);
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
});

test('SEC-55: an older stapled good does not undo a revocation, a newer answer does', async () => {
  const bench = new RevocationBench();
  const before = decodeOcspResponse(ocspOf(bench, 'good', 7 * DAY), pkiTools);
  if (!before.ok) throw new Error(before.problem.found);
  bench.pass(MINUTE);
  bench.crls.push(
    bench.root.crl({
      thisUpdate: bench.now,
      nextUpdate: bench.now + DAY,
      entries: [{ serial: 7, reason: 6 }],
    }),
  );
  const certificate = moon(bench, ext.ocsp(OCSP));
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
  expect(await bench.ask(certificate, [], { receivedOcsp: [before.value] })).toMatchObject({
    status: 'revoked',
  });
  bench.service.flush();
  bench.pass(HOUR);
  bench.fetcher.serve(OCSP, ocspOf(bench, 'good'));
  expect(await bench.ask(certificate)).toEqual({ status: 'good' });
});

test('an older CRL from a server that goes back in time does not replace a newer one', async () => {
  const bench = new RevocationBench();
  const old = crlOf(bench, []);
  bench.pass(MINUTE);
  bench.fetcher.serve(CRL, crlOf(bench, [7], 2));
  const certificate = moon(bench, ext.crls(CRL));
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
  bench.fetcher.serve(CRL, old);
  bench.pass(HOUR);
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
});

test('what is switched off is not asked', async () => {
  const bench = new RevocationBench();
  const certificate = moon(bench, ext.ocsp(OCSP), ext.crls(CRL));
  bench.settings.enableOcsp = false;
  bench.settings.enableCrl = false;
  expect(await bench.ask(certificate)).toMatchObject({ status: 'skipped' });
  expect(bench.fetcher.asked).toEqual([]);
  bench.settings.enableCrl = true;
  await bench.ask(certificate);
  expect(bench.fetcher.asked).toEqual([CRL]);
});

test('what was verified is listed, and flushed by its type', async () => {
  const bench = new RevocationBench();
  bench.fetcher.serve(CRL, crlOf(bench, []));
  bench.fetcher.serve(OCSP, ocspOf(bench, 'good'));
  await bench.ask(moon(bench, ext.ocsp(OCSP)));
  await bench.ask(moon(bench, ext.crls(CRL)));
  // Peers' CRLs that nobody signed are not worth listing.
  const forged = bench.root.crl({ thisUpdate: bench.now, nextUpdate: bench.now + DAY }, newKey());
  await bench.ask(moon(bench, ext.crls(CRL)), [], { receivedCrls: [forged] });
  const types = () => bench.service.list().map(({ type }) => type);
  expect(types()).toEqual(['OCSP_RESPONSE']);
  bench.service.flush('OCSP_RESPONSE');
  expect(types()).toEqual([]);
  await bench.ask(moon(bench, ext.crls(CRL)));
  expect(types()).toEqual(['X509_CRL']);
  bench.service.flush();
  expect(types()).toEqual([]);
});

class MemoryCrlFiles implements CrlFiles {
  readonly files = new Map<string, Uint8Array>();

  pathOf(name: string): string {
    return `/crls/${name}.crl`;
  }

  read(): Promise<readonly KeptCrl[]> {
    return Promise.resolve([...this.files].map(([name, octets]) => ({ name, octets })));
  }

  write(name: string, octets: Uint8Array): Promise<void> {
    this.files.set(name, octets);
    return Promise.resolve();
  }
}

test('a fetched CRL is written once it was verified, and a successor needs no server', async () => {
  const crlFiles = new MemoryCrlFiles();
  const bench = new RevocationBench({ crlFiles });
  bench.settings.cacheCrls = true;
  const octets = bench.root.crlDer({
    thisUpdate: bench.now,
    nextUpdate: bench.now + DAY,
    entries: [{ serial: 7 }],
    extensions: [ext.crlNumber(1), ext.authority(bench.root.key.keyId)],
  });
  bench.fetcher.serve(CRL, octets);
  const certificate = moon(bench, ext.crls(CRL));
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
  const name = Buffer.from(bench.root.key.keyId).toString('hex');
  expect([...crlFiles.files.keys()]).toEqual([name]);
  expect(bench.log.lines).toContain(`  written crl '/crls/${name}.crl' (${octets.length} bytes)`);
  crlFiles.files.set('garbage', Uint8Array.of(1));
  bench.service.flush();
  bench.fetcher.serve(CRL, 'never');
  await bench.service.start();
  const { certificate: other } = bench.root.issue('sun', 9, bench.now, [ext.crls(CRL)]);
  expect(await bench.ask(other)).toEqual({ status: 'good' });
  expect(bench.fetcher.asked).toEqual([CRL]);
});

test('nothing is written that is not properly signed, or while it is switched off', async () => {
  const crlFiles = new MemoryCrlFiles();
  const bench = new RevocationBench({ crlFiles });
  const certificate = moon(bench, ext.crls(CRL));
  bench.fetcher.serve(CRL, crlOf(bench, []));
  await bench.ask(certificate);
  bench.service.flush();
  bench.settings.cacheCrls = true;
  const forged = { thisUpdate: bench.now, nextUpdate: bench.now + DAY };
  bench.fetcher.serve(CRL, bench.root.crlDer(forged, newKey()));
  await bench.ask(certificate);
  expect(crlFiles.files.size).toBe(0);
});

test('a CRL on disk that was tampered with proves nothing', async () => {
  const crlFiles = new MemoryCrlFiles();
  const bench = new RevocationBench({ crlFiles });
  bench.settings.cacheCrls = true;
  const forged = { thisUpdate: bench.now, nextUpdate: bench.now + DAY };
  const name = '0'.repeat(40);
  crlFiles.files.set(name, bench.root.crlDer(forged, newKey()));
  await bench.service.start();
  expect(await bench.ask(moon(bench, ext.crls(CRL)))).toMatchObject({ status: 'unavailable' });
});

test('parts of the certificates and deltas have files of their own', async () => {
  const crlFiles = new MemoryCrlFiles();
  const bench = new RevocationBench({ crlFiles });
  bench.settings.cacheCrls = true;
  const scope = ext.scope(part.uri(CRL));
  const window = { thisUpdate: bench.now, nextUpdate: bench.now + DAY };
  const delta = 'http://crl.example.org/delta.crl';
  const base = [ext.crlNumber(1), scope];
  bench.fetcher.serve(CRL, bench.root.crlDer({ ...window, extensions: base }));
  const later = [ext.crlNumber(2), ext.delta(1), scope];
  bench.fetcher.serve(delta, bench.root.crlDer({ ...window, extensions: later }));
  expect(await bench.ask(moon(bench, ext.crls(CRL), ext.freshest(delta)))).toEqual({
    status: 'good',
  });
  const [first = '', second = ''] = [...crlFiles.files.keys()];
  expect(first).toMatch(/^[0-9a-f]{40}_[0-9a-f]{16}$/);
  expect(second).toBe(`${first}_delta`);
});

test('our own status is fetched ahead and renewed, so that peers who ask need not wait', async () => {
  const bench = new RevocationBench();
  const { certificate } = bench.root.issue('moon', 7, bench.now, [ext.ocsp(OCSP)]);
  const chain = [certificate, bench.root.certificate];
  bench.fetcher.serve(OCSP, { answer: () => ocspOf(bench, 'good', HOUR), latency: 500 });
  const stapler = new OcspStapler({
    clock: bench.clock,
    logger: bench.log,
    ocsp: bench.service.ocsp,
    enabled: () => true,
    timeout: () => 10_000,
  });
  expect(stapler.staple(chain)).toEqual([]);
  const [first] = await bench.settled(stapler.stapleWithin(chain, 2000));
  expect(bench.clock.now()).toBeLessThan(1000);
  const response = decodeOcspResponse(first ?? new Uint8Array(0), pkiTools);
  expect(response.ok && response.value.responses[0]?.status).toBe('good');
  for (let minutes = 0; minutes < 120; minutes += 5) {
    bench.pass(5 * MINUTE);
    await bench.settled(Promise.resolve());
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    bench.pass(1000);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(stapler.staple(chain)).toHaveLength(1);
  }
  bench.service.flush();
  expect(await bench.settled(stapler.stapleWithin(chain, 2000))).toHaveLength(1);
  stapler.close();
  const asked = bench.fetcher.asked.length;
  bench.pass(DAY);
  expect(bench.fetcher.asked).toHaveLength(asked);
});

test('a responder of ours that hangs holds nobody up for longer than they want to wait', async () => {
  const bench = new RevocationBench();
  const { certificate } = bench.root.issue('moon', 7, bench.now, [ext.ocsp(OCSP)]);
  bench.fetcher.serve(OCSP, 'never');
  const stapler = new OcspStapler({
    clock: bench.clock,
    logger: bench.log,
    ocsp: bench.service.ocsp,
    enabled: () => true,
    timeout: () => 10_000,
  });
  const chain = [certificate, bench.root.certificate];
  expect(await bench.settled(stapler.stapleWithin(chain, 1500))).toEqual([]);
  expect(bench.clock.now()).toBeLessThanOrEqual(1501);
  stapler.close();
});

// A CA that got a new key has CRLs by both under one name, maybe at one place.
function rolledOver(bench: RevocationBench) {
  const old = bench.root.authority('sub', 20, bench.now);
  const fresh = bench.root.authority('sub', 21, bench.now);
  const asked = (ca: typeof old, url: string) => () =>
    bench.ask(ca.issue('moon', 7, bench.now, [ext.crls(url)]).certificate, [ca]);
  const window = { thisUpdate: bench.now, nextUpdate: bench.now + DAY };
  return { old, fresh, asked, window };
}

test('a CRL that is not for one key of a CA is kept for the other, which was named', async () => {
  const bench = new RevocationBench();
  const { old, fresh, asked, window } = rolledOver(bench);
  const extensions = [ext.crlNumber(1), ext.authority(fresh.key.keyId)];
  bench.fetcher.serve(CRL, fresh.crlDer({ ...window, extensions, entries: [{ serial: 7 }] }));
  expect(await asked(old, CRL)()).toMatchObject({ status: 'unavailable' });
  // Whoever was revoked would only have to be the second one.
  expect(await asked(fresh, CRL)()).toMatchObject({ status: 'revoked' });
  expect(bench.fetcher.asked).toEqual([CRL]);
});

test('the CRL of one key of a CA does not take the place of the other', async () => {
  const bench = new RevocationBench();
  const { old, fresh, asked, window } = rolledOver(bench);
  const other = `${CRL}.old`;
  bench.fetcher.serve(other, old.crlDer({ ...window, extensions: [ext.crlNumber(9)] }));
  bench.fetcher.serve(CRL, fresh.crlDer({ ...window, extensions: [ext.crlNumber(1)] }));
  for (let i = 0; i < 2; i++) {
    expect(await asked(old, other)()).toEqual({ status: 'good' });
    expect(await asked(fresh, CRL)()).toEqual({ status: 'good' });
  }
  expect(bench.fetcher.asked).toEqual([other, CRL]);
});

test('CRLs that somebody made up, with the highest numbers, do not hide the right one', async () => {
  const bench = new RevocationBench();
  const certificate = moon(bench, ext.crls(CRL));
  const nobody = newKey();
  for (let i = 0; i < 40; i++) {
    const extensions = [ext.crlNumber(1000 + i), ext.authority(nobody.keyId)];
    const window = { thisUpdate: bench.now, nextUpdate: bench.now + DAY };
    bench.fetcher.serve(CRL, bench.root.crlDer({ ...window, extensions }, nobody));
    expect(await bench.ask(certificate)).toMatchObject({ status: 'unavailable' });
    bench.pass(31_000);
  }
  bench.fetcher.serve(CRL, crlOf(bench, [7]));
  expect(await bench.ask(certificate)).toMatchObject({ status: 'revoked' });
  expect(bench.service.list()).toHaveLength(1);
});

test('URLs of certificates write no lines of their own into the log', async () => {
  const bench = new RevocationBench();
  const end = '\n00[IKE] all is well\u001b[2J';
  const certificate = moon(bench, ext.crls(`${CRL}${end}`), ext.ocsp(`${OCSP}${end}`));
  bench.fetcher.serve(`${CRL}${end}`, new Uint8Array(3));
  bench.fetcher.serve(`${OCSP}${end}`, 'never');
  const status = await bench.ask(certificate);
  expect(status).toMatchObject({ status: 'unavailable' });
  const said = [...bench.log.lines, JSON.stringify(status)];
  expect(said.filter((line) => /\p{Cc}/u.test(line))).toEqual([]);
  expect(said.filter((line) => line.includes('all is well')).length).toBeGreaterThan(3);
});

test('where nothing is at hand and nobody can be asked the answer is there at once', async () => {
  const bench = new RevocationBench();
  const certificate = moon(bench);
  const question = {
    certificate,
    issuer: bench.root.certificate,
    chain: [certificate, bench.root.certificate],
    policy: 'strict',
    receivedCrls: [],
    receivedOcsp: [],
  } as const;
  const skipped = (reason: string): object => ({ status: 'skipped', reason });
  expect(bench.service.check(question)).toEqual(skipped('nobody says where a responder is'));
  bench.settings = { ...bench.settings, enableOcsp: false };
  expect(bench.service.check(question)).toEqual(skipped('nobody says where a CRL is'));
  bench.settings = { ...bench.settings, enableCrl: false };
  expect(bench.service.check(question)).toEqual(skipped('checking is disabled'));
  bench.settings = { ...bench.settings, enableCrl: true, enableOcsp: true };
  const crl = decodeCrl(crlOf(bench, [7]), pkiTools);
  if (!crl.ok) throw new Error('the CRL cannot be read');
  const sent = { ...question, receivedCrls: [crl.value] };
  expect(await bench.service.check(sent)).toMatchObject({ status: 'revoked' });
  expect(await bench.service.check(question)).toMatchObject({ status: 'revoked' });
});
