import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENSSL_CA_CONFIG } from './openssl-ca-config.ts';

/** What a certificate says besides its name; values as openssl's configuration has them. */
export interface OpensslWishes {
  readonly dns?: string;
  /** `crlDistributionPoints`, like `URI:http://…`. */
  readonly crl?: string;
  /** `authorityInfoAccess`, like `OCSP;URI:http://…`. */
  readonly access?: string;
  /** Further lines of the section. */
  readonly lines?: readonly string[];
}

/** A certificate with its key, DER. */
export interface OpensslCertificate {
  readonly name: string;
  readonly certificate: Uint8Array;
  /** PKCS#8. */
  readonly privateKey: Uint8Array;
}

/** A CA in a folder, kept by the `openssl` of this machine: ECDSA P-256, its database, its CRLs. */
export class OpensslCa {
  readonly folder: string;
  readonly certificate: Uint8Array;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#write('ca.cnf', OPENSSL_CA_CONFIG.replaceAll('FOLDER', folder));
    this.#write('index.txt', '');
    this.#write('serial', '1000\n');
    this.#write('crlnumber', '01\n');
    this.#openssl(
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -config ca.cnf -extensions v3_ca -keyout ca.key -out ca.pem -subj',
      '/CN=Lab CA',
    );
    this.certificate = this.#der('ca.pem');
  }

  issue(name: string, { dns, crl, access, lines = [] }: OpensslWishes): OpensslCertificate {
    const extensions = [
      'basicConstraints = CA:false',
      'authorityKeyIdentifier = keyid',
      ...(dns === undefined ? [] : [`subjectAltName = DNS:${dns}`]),
      ...(crl === undefined ? [] : [`crlDistributionPoints = ${crl}`]),
      ...(access === undefined ? [] : [`authorityInfoAccess = ${access}`]),
      ...lines,
    ];
    this.#write(`${name}.ext`, `${extensions.join('\n')}\n`);
    this.#openssl(
      `req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config ca.cnf -keyout ${name}.key -out ${name}.csr -subj`,
      `/CN=${name}`,
    );
    this.#openssl(
      `ca -batch -notext -config ca.cnf -in ${name}.csr -out ${name}.pem -extfile ${name}.ext`,
    );
    return {
      name,
      certificate: this.#der(`${name}.pem`),
      privateKey: this.#der(`${name}.key`),
    };
  }

  /** Notes in the database that a certificate was revoked; what was published before does not change. */
  revoke(name: string): void {
    this.#openssl(`ca -batch -config ca.cnf -revoke ${name}.pem -crl_reason keyCompromise`);
  }

  /** A CRL of what is revoked now, DER; `until` is its nextUpdate. */
  crl(until: Date): Uint8Array {
    const begin = new Date(Date.now() - 2 * 24 * 3_600_000);
    this.#openssl(
      `ca -gencrl -config ca.cnf -crl_lastupdate ${timeOf(begin)} -crl_nextupdate ${timeOf(until)} -out crl.pem`,
    );
    return this.#der('crl.pem');
  }

  #openssl(options: string, ...last: readonly string[]): void {
    execFileSync('openssl', [...options.split(' '), ...last], { cwd: this.folder, stdio: 'pipe' });
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  #der(file: string): Uint8Array {
    const pem = readFileSync(join(this.folder, file), 'utf8');
    const base64 = /-----BEGIN [^-]+-----([^-]+)-----END/.exec(pem)?.[1] ?? '';
    return Uint8Array.from(Buffer.from(base64, 'base64'));
  }
}

/** `YYYYMMDDHHMMSSZ`. */
function timeOf(date: Date): string {
  return date.toISOString().replace(/[-:T]|\.\d+/g, '');
}
