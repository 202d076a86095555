import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PKCS#12 container as openssl(1) makes it, with the name `own`; certificates and key are DER. */
export function pkcs12(
  certificate: Uint8Array,
  privateKey: Uint8Array,
  passphrase: string,
  cas: readonly Uint8Array[] = [],
): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'p12-'));
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): Buffer =>
    execFileSync('openssl', args, { stdio: 'pipe' });
  const pem = (kind: 'x509' | 'pkey', der: Uint8Array): string => {
    writeFileSync(path('in.der'), der);
    return openssl(kind, '-inform', 'DER', '-in', path('in.der')).toString();
  };
  try {
    writeFileSync(path('certificate.pem'), pem('x509', certificate));
    writeFileSync(path('key.pem'), pem('pkey', privateKey));
    writeFileSync(path('cas.pem'), cas.map((ca) => pem('x509', ca)).join(''));
    const input = ['-in', path('certificate.pem'), '-inkey', path('key.pem')];
    const chain = cas.length === 0 ? [] : ['-certfile', path('cas.pem')];
    const output = ['-name', 'own', '-passout', `pass:${passphrase}`, '-out', path('own.p12')];
    openssl('pkcs12', '-export', ...input, ...chain, ...output);
    return new Uint8Array(readFileSync(path('own.p12')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
