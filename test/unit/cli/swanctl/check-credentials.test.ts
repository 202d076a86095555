import { expect, test } from 'vitest';
import { check } from '../../../support/check-run.ts';
import { loadAll } from '../../../support/load-run.ts';
import { pemOf } from '../../../support/test-certificates.ts';
import { generalName, issue, type TestKey, testKey } from '../../../support/test-pki.ts';
import { ViciBench } from '../../../support/vici.ts';

const PASSPHRASE = 'open sesame, of the tests';

const ca = issue({ subject: 'Test CA', ca: true });
const moonKey = testKey();
const moon = issue({
  subject: 'moon',
  issuer: ca,
  key: moonKey,
  names: [generalName.dns('moon.example.org')],
});

const keyText = ({ privateKey }: TestKey): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const sealed = moonKey.privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE })
  .toString();

const CONF = `connections { gw {
  remote_addrs = 192.0.2.2
  local { certs = moon.pem
    id = moon.example.org }
  remote { id = sun.example.org }
} }
`;

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'swanctl.conf': CONF,
  'x509ca/ca.pem': pemOf('CERTIFICATE', ca.certificate.der),
  'x509/moon.pem': pemOf('CERTIFICATE', moon.certificate.der),
  'private/moon.pem': keyText(moonKey),
};

const without = (name: string): typeof FILES =>
  Object.fromEntries(Object.entries(FILES).filter(([path]) => path !== name));

test('certificates with their keys and a CA have no findings', async () => {
  expect(await check(FILES)).toMatchObject({
    code: 0,
    lines: [],
    summary: '0 errors, 0 warnings, 0 notes in 4 files',
  });
});

test('files that hold something else are errors', async () => {
  const { code, lines } = await check({
    ...FILES,
    'x509/other.pem': keyText(moonKey),
    'x509ca/leaf.pem': pemOf('CERTIFICATE', moon.certificate.der),
    'rsa/moon.pem': keyText(moonKey),
    'private/cut.pem': keyText(moonKey).slice(0, 60),
    'x509crl/nothing': '',
  });
  expect(lines).toEqual([
    expect.stringMatching(/^x509\/other.pem:1:1: error: .* \[unusable-file\]$/),
    expect.stringMatching(/^x509ca\/leaf.pem:1:1: error: .* \[unusable-file\]$/),
    expect.stringMatching(/^x509crl\/nothing:1:1: error: .* \[unusable-file\]$/),
    expect.stringMatching(/^private\/cut.pem:1:1: error: .* \[unusable-file\]$/),
    expect.stringMatching(/^rsa\/moon.pem:1:1: error: .* \[unusable-file\]$/),
  ]);
  expect(code).toBe(22);
});

test('a certificate that a connection names and that is not there', async () => {
  expect((await check(without('x509/moon.pem'))).lines).toEqual([
    "swanctl.conf:3:11: error: connections.gw: loading certs certificate 'x509/moon.pem' failed: No such file or directory [missing-file]",
    'private/moon.pem:1:1: warning: no certificate of x509 and no public key of pubkey belongs to this private key [unused-key]',
  ]);
});

test('keys, certificates and CAs that are missing', async () => {
  expect((await check(without('private/moon.pem'))).lines).toEqual([
    'swanctl.conf:3:11: warning: connections.gw.local: no private key belongs to certs [missing-key]',
  ]);
  const byName = { ...FILES, 'swanctl.conf': CONF.replace('certs = moon.pem', '') };
  expect((await check(byName)).lines).toEqual([]);
  const misspelt = { ...FILES, 'swanctl.conf': CONF.replace('id = moon', 'id = mon') };
  expect((await check(misspelt)).lines).toEqual([
    "swanctl.conf:4:5: warning: connections.gw.local: 'mon.example.org' is in no certificate of certs, so that none will be used [identity-mismatch]",
  ]);
  const nobody = {
    ...byName,
    'swanctl.conf': CONF.replace('certs = moon.pem', '').replace('= moon', '= mon'),
  };
  expect((await check(nobody)).lines).toEqual([
    "swanctl.conf:4:5: warning: connections.gw.local: no certificate of x509 has the identity 'mon.example.org' [missing-certificate]",
  ]);
  expect((await check(without('x509ca/ca.pem'))).lines).toEqual([
    'swanctl.conf:5:3: warning: connections.gw.remote: nobody can be believed: there is no CA certificate in x509ca, and neither cacerts, certs nor pubkeys are set [missing-ca]',
  ]);
});

test('certificates that are not valid now, or not for long', async () => {
  const at = (...date: Parameters<typeof Date.UTC>): Promise<readonly string[]> =>
    check(without('x509ca/ca.pem'), [], Date.UTC(...date)).then(({ lines }) =>
      lines.filter((line) => line.startsWith('x509/')),
    );
  expect(await at(2035, 0, 2)).toEqual([
    'x509/moon.pem:1:1: warning: expired on 2035-01-01 [expired]',
  ]);
  expect(await at(2034, 11, 20)).toEqual([
    'x509/moon.pem:1:1: note: expires on 2035-01-01 [expires-soon]',
  ]);
  expect(await at(2024, 0, 1)).toEqual([
    'x509/moon.pem:1:1: warning: not valid before 2025-01-01 [not-yet-valid]',
  ]);
});

const secretFor = (file: string, secret: string): string =>
  `${CONF}secrets { private-moon { file = ${file}\n secret = "${secret}" } }\n`;

test('encrypted keys and their passphrases', async () => {
  const files = { ...FILES, 'private/moon.pem': sealed };
  expect(
    (await check({ ...files, 'swanctl.conf': secretFor('MOON.pem', PASSPHRASE) })).lines,
  ).toEqual([]);
  expect(await check(files)).toMatchObject({
    code: 0,
    lines: [
      "private/moon.pem:1:1: warning: it is encrypted, and no section 'private…' of secrets has a passphrase for this file: somebody must type it [passphrase]",
    ],
  });
  expect(await check(files, ['--noprompt'])).toMatchObject({
    code: 22,
    lines: [
      "private/moon.pem:1:1: error: it is encrypted, and no section 'private…' of secrets has a passphrase for this file [passphrase]",
    ],
  });
  const wrong = await check({ ...files, 'swanctl.conf': secretFor('moon.pem', 'other') }, ['-n']);
  expect(wrong.lines).toEqual([
    'private/moon.pem:1:1: error: it is encrypted, and none of the 1 passphrases of secrets fits [passphrase]',
  ]);
  const misspelt = await check({ ...files, 'swanctl.conf': secretFor('mon.pem', PASSPHRASE) });
  expect(misspelt.lines[0]).toBe(
    "swanctl.conf:7:26: warning: secrets.private-moon: there is no 'mon.pem' in private; did you mean 'moon.pem'? [missing-file]",
  );
});

test('loading says that a passphrase does not fit, and not what it is', async () => {
  await using bench = await ViciBench.start();
  const files = { ...FILES, 'private/moon.pem': sealed };
  const load = (passphrase: string) =>
    loadAll(bench, { ...files, 'swanctl.conf': secretFor('moon.pem', passphrase) });
  const { stderr } = await load('wrong one');
  expect(stderr).toContain(
    "'/etc/swanctl/private/moon.pem' is encrypted, and the passphrase in the section secrets does not fit\n",
  );
  expect(stderr).not.toContain('wrong one');
  expect((await load(PASSPHRASE)).stderr).not.toContain('moon.pem');
});

test('authorities', async () => {
  const text = `${CONF}authorities { one { cacert = ca.pem }
  two { cacert = ca.pem
    crl_uris = http://crl.example.org/ca.crl }
  three { cacert = /etc/swanctl/x509/moon.pem
    crl_uri = x } }\n`;
  const { lines } = await check({ ...FILES, 'swanctl.conf': text });
  expect(lines).toEqual([
    'swanctl.conf:7:15: note: authorities.one: it sets no crl_uris, ocsp_uris or cert_uri_base: a file in x509ca does the same [unused-section]',
    expect.stringMatching(
      /^swanctl.conf:10:11: error: authorities.three: invalid value for: cacert, authority discarded: .*\[invalid-value\]$/,
    ),
    "swanctl.conf:11:5: error: authorities.three: unknown option: crl_uri, authority discarded: did you mean 'crl_uris'? [unknown-option]",
  ]);
});
