import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeCertificate } from '../../../../daemon/credentials/x509/decode-certificate.ts';
import { problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { openPkcs7 } from '../../../../daemon/credentials/x509/pkcs7-bundle.ts';
import { buildCertificate, buildCrl, der } from '../../../support/build-x509.ts';
import { decodeTools } from '../../../support/decode-tools.ts';
import { pkcs7 } from '../../../support/x509-samples.ts';

test('a bundle gives its certificates and CRLs in order', () => {
  const result = openPkcs7(pkcs7);
  expect(result).toEqual({
    ok: true,
    value: {
      certificates: [buildCertificate(), buildCertificate({ serial: der.int(2) })],
      crls: [buildCrl()],
    },
  });
});

test('a bundle made by OpenSSL is opened', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pkcs7-'));
  try {
    const openssl = (...args: readonly string[]): Uint8Array =>
      new Uint8Array(execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' }));
    const subjects = ['/CN=one', '/CN=two'];
    const pem = subjects.map((subject) =>
      openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', 'k', '-subj', subject),
    );
    writeFileSync(join(folder, 'all.pem'), Buffer.concat(pem));
    openssl('crl2pkcs7', '-nocrl', '-certfile', 'all.pem', '-outform', 'DER', '-out', 'all.p7b');
    const result = openPkcs7(new Uint8Array(readFileSync(join(folder, 'all.p7b'))));
    const keys = result.ok
      ? result.value.certificates.map((octets) => decodeCertificate(octets, decodeTools))
      : [];
    expect(keys.map((decoded) => decoded.ok && decoded.value.subjectKey)).toEqual([
      '550403=one',
      '550403=two',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('other contents are refused by their name', () => {
  const result = openPkcs7(der.seq(der.oid('1.2.840.113549.1.7.1'), der.explicit(0, der.null())));
  expect(result.ok ? '' : problemText(result.problem)).toBe(
    'pkcs7.contentType: 1.2.840.113549.1.7.1, expected signed data',
  );
});
