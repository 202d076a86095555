import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../../daemon/contracts/clock.ts';
import type { CredentialFile } from '../../../daemon/contracts/credential-files.ts';
import type { Credentials } from '../../../daemon/credentials/credentials.ts';
import { FileCredentials } from '../../../daemon/credentials/file-credentials.ts';
import { InProcessKeys } from '../../../daemon/keyd/in-process.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { der } from '../../support/build-x509.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import {
  caDer,
  certificateOf,
  leafDer,
  newKey,
  newSpki,
  pemOf,
  testCredentials,
} from '../../support/test-certificates.ts';
import { testCrypto } from '../../support/vici.ts';

const DIRECTORY = '/etc/swanctl';
const MOON = parseIdentity('moon', { allowRegex: false, path: 'id' });

/** A day of which tests decide. */
class StoppedClock implements Clock {
  time = Date.UTC(2026, 0, 1);
  readonly timers: { readonly at: number; readonly action: () => void }[] = [];

  now(): number {
    return this.time;
  }

  wallClock(): number {
    return this.time;
  }

  after(delay: number, action: () => void): { cancel(): void } {
    const timer = { at: this.time + delay, action };
    this.timers.push(timer);
    return { cancel: () => void this.timers.splice(this.timers.indexOf(timer), 1) };
  }

  advanceTo(time: number): void {
    this.time = time;
    for (const timer of this.timers.splice(0)) {
      if (timer.at <= time) timer.action();
      else this.timers.push(timer);
    }
  }
}

describe('credentials in files', () => {
  let clock: StoppedClock;
  let log: MemoryLog;
  let keys: InProcessKeys;
  let credentials: Credentials;
  let files: FileCredentials;

  beforeEach(() => {
    clock = new StoppedClock();
    log = new MemoryLog();
    keys = new InProcessKeys(testCrypto.signatures);
    credentials = testCredentials(keys);
    files = new FileCredentials({ credentials, keys, clock, log });
  });

  const change = (
    contents: Readonly<Record<string, Uint8Array>>,
    ...removed: readonly string[]
  ): Promise<void> =>
    files.handle({
      files: Object.entries(contents).map(([name, data]) => ({
        path: `${DIRECTORY}/${name}`,
        folder: name.slice(0, name.indexOf('/')) as CredentialFile['folder'],
        data: data.slice(),
      })),
      removed: removed.map((name) => `${DIRECTORY}/${name}`),
      problems: [],
    });

  /** Serial number of the certificate that authentication as moon would use, if its key is here. */
  const inUse = (): number | undefined => {
    const [first] = credentials.snapshot().byIdentity(MOON);
    const keyId = first?.certificate.publicKey?.keyId;
    if (keyId === undefined || keys.find(keyId) === undefined) return undefined;
    return first?.certificate.serial[0];
  };
  const moon = (serial: number, spki: Uint8Array, from = '25', to = '35'): Uint8Array =>
    leafDer('moon', {
      spki,
      serial: der.int(serial),
      validity: der.seq(der.time(`${from}0101000000Z`), der.time(`${to}0101000000Z`)),
    });

  test('are loaded by folder: chains in one file, CAs to trust, raw keys, private keys', async () => {
    const key = newKey();
    const chain = pemOf('CERTIFICATE', moon(1, key.spki), caDer('middle'));
    await change({
      'x509/moon.pem': chain,
      'x509ca/root.pem': caDer('root'),
      'x509ocsp/ocsp.pem': leafDer('ocsp'),
      'pubkey/sun.pem': pemOf('PUBLIC KEY', newSpki()),
      'private/moon.pem': key.pkcs8,
    });
    expect(
      [...credentials.list({})].map(({ type, flag, hasPrivateKey }) => [type, flag, hasPrivateKey]),
    ).toEqual([
      ['PUBKEY', undefined, false],
      ['X509', 'NONE', true],
      ['X509', 'CA', false],
      ['X509', 'CA', false],
      ['X509', 'OCSP', false],
    ]);
    expect(credentials.store.snapshot().trustedCas()).toHaveLength(1);
    expect(log.records.filter(({ level }) => level === 0)).toEqual([]);
    await change({}, 'x509ca/root.pem', 'private/moon.pem');
    expect(credentials.store.snapshot().trustedCas()).toHaveLength(0);
    expect(keys.list()).toEqual([]);
  });

  test.each(['certificate first', 'key first', 'together'])(
    'a new certificate and its key are used when both are here, the old ones until then: %s',
    async (order) => {
      const [old, next] = [newKey(), newKey()];
      await change({ 'x509/moon.pem': moon(1, old.spki), 'private/moon.pem': old.pkcs8 });
      expect(inUse()).toBe(1);
      const certificate = { 'x509/moon.pem': moon(2, next.spki) };
      const key = { 'private/moon.pem': next.pkcs8 };
      if (order === 'together') {
        await change({ ...certificate, ...key });
      } else {
        await change(order === 'key first' ? key : certificate);
        expect(inUse()).toBe(1);
        expect(log.records.at(-1)).toMatchObject({ level: 0 });
        expect(log.lines.at(-1)).toMatch(/do not belong together/);
        await change(order === 'key first' ? certificate : key);
      }
      expect(inUse()).toBe(2);
      expect(keys.list()).toHaveLength(1);
    },
  );

  test('an expired certificate does not replace one that works', async () => {
    const key = newKey();
    await change({ 'x509/moon.pem': moon(1, key.spki), 'private/moon.pem': key.pkcs8 });
    await change({ 'x509/moon.pem': moon(2, key.spki, '20', '25') });
    expect(inUse()).toBe(1);
    expect(log.records.at(-1)).toEqual({
      group: 'cfg',
      level: 0,
      message:
        "'/etc/swanctl/x509/moon.pem' is not used: the certificate expired on 2025-01-01T00:00:00.000Z; certificate 'CN=moon' stays in use",
    });
    await change({ 'x509/moon.pem': moon(3, key.spki) });
    expect(inUse()).toBe(3);
  });

  test('a certificate that begins later is used from then on', async () => {
    const key = newKey();
    await change({ 'x509/moon.pem': moon(1, key.spki), 'private/moon.pem': key.pkcs8 });
    await change({ 'x509/moon.pem': moon(2, key.spki, '27', '35') });
    expect(inUse()).toBe(1);
    expect(log.lines.at(-1)).toMatch(
      /is not valid before 2027-01-01T00:00:00.000Z; .* stays in use/,
    );
    const lines = log.lines.length;
    clock.advanceTo(clock.time + 86_400_000);
    await Promise.resolve();
    expect([inUse(), log.lines.length]).toEqual([1, lines]);
    clock.advanceTo(Date.UTC(2027, 0, 1) + 1);
    await Promise.resolve();
    expect(inUse()).toBe(2);
  });

  test.each([
    ['garbage', new TextEncoder().encode('hello'), /neither PEM nor DER/],
    ['nothing', new Uint8Array(), /found nothing, expected a certificate/],
    ['a private key', pemOf('PRIVATE KEY', newSpki()), /found a private key/],
    ['half a file', pemOf('CERTIFICATE', caDer('x')).subarray(0, 100), /begins and does not end/],
  ])(
    '%s in the place of a certificate is told loudly, and the old one stays',
    async (_what, data, text) => {
      const key = newKey();
      await change({ 'x509/moon.pem': moon(1, key.spki), 'private/moon.pem': key.pkcs8 });
      await change({ 'x509/moon.pem': data });
      expect(inUse()).toBe(1);
      expect(log.records.at(-1)).toMatchObject({ level: 0 });
      expect(log.lines.at(-1)).toMatch(text);
      expect(log.lines.at(-1)).toMatch(/CN=moon' stays in use$/);
    },
  );

  test('garbage in the place of a private key does not take the old one away', async () => {
    const key = newKey();
    await change({ 'x509/moon.pem': moon(1, key.spki), 'private/moon.pem': key.pkcs8 });
    await change({ 'private/moon.pem': new TextEncoder().encode('hello') });
    expect(inUse()).toBe(1);
    expect(log.records.at(-1)).toMatchObject({ level: 0 });
    expect(log.lines.at(-1)).toMatch(/^private key in '.*moon.pem' is not used: .*stays in use$/);
  });

  test('a certificate beside a private key of its name that is not its own is refused', async () => {
    await change({ 'x509/moon.pem': moon(1, newSpki()), 'private/moon.pem': newKey().pkcs8 });
    expect(credentials.snapshot().byIdentity(MOON)).toEqual([]);
    expect(log.lines.at(-1)).toMatch(
      /the private key in the file of the same name is [0-9a-f]{40}/,
    );
  });

  test("a peer's certificate needs no key, and may be replaced", async () => {
    await change({ 'x509/sun.pem': moon(1, newSpki()) });
    await change({ 'x509/sun.pem': moon(2, newSpki()) });
    const [sun] = credentials.snapshot().byIdentity(MOON);
    expect(sun?.certificate.serial[0]).toBe(2);
  });

  test('a key that came over VICI too stays when its file goes', async () => {
    const key = newKey();
    await change({ 'private/moon.pem': key.pkcs8 });
    await keys.load({ data: key.pkcs8.slice(), origin: 'vici' });
    await change({}, 'private/moon.pem');
    expect(keys.list()).toHaveLength(1);
  });

  test('secrets are wiped when they were handed over', async () => {
    const data = newKey().pkcs8;
    await files.handle({
      files: [{ path: `${DIRECTORY}/private/x`, folder: 'private', data }],
      removed: [],
      problems: ['one'],
    });
    expect(data.every((octet) => octet === 0)).toBe(true);
    expect(log.records[0]).toEqual({ group: 'cfg', level: 0, message: 'one' });
    expect(certificateOf(caDer('x')).kind).toBe('x509');
  });
});
