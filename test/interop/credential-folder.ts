import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets for everything that is encrypted in the folder of {@link makeCredentials}, and one of each kind that is shared. */
export const SECRETS = {
  'ike-one': { id: 'moon.example.org', secret: 'a pre-shared key that is long enough' },
  'eap-carol': { id: 'carol', secret: 'Ar3etTnp' },
  'ntlm-dave': { id: 'dave', secret: '0x0102030405060708090a0b0c0d0e0f10' },
  'ppk-moon': { id: 'ppk.example.org', secret: '0sYSBwb3N0LXF1YW50dW0ga2V5IGZvciBhbGw=' },
  'rsa-sun': { file: 'sun.pem', secret: 'one' },
  'ecdsa-enc': { file: 'enc.pem', secret: 'two' },
  'pkcs8-enc': { file: 'enc.pem', secret: 'three' },
  'private-enc': { file: 'enc.pem', secret: 'five' },
  'pkcs12-peer': { file: 'peer.p12', secret: 'four' },
};

const FOLDERS = [
  'x509',
  'x509ca',
  'x509aa',
  'x509ac',
  'x509ocsp',
  'x509crl',
  'pubkey',
  'private',
  'rsa',
  'ecdsa',
  'pkcs8',
  'pkcs12',
];

const CONFIG = `
[ca]
default_ca = lab
[lab]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
[req]
distinguished_name = dn
prompt = no
[dn]
[ca_ext]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:$ENV::SAN
crlDistributionPoints = URI:http://crl.example.org/root.crl
[ocsp]
basicConstraints = CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
extendedKeyUsage = OCSPSigning
[aa]
basicConstraints = CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = digitalSignature
`;

/** Fills a swanctl directory with credentials of every kind, made by OpenSSL. */
export function makeCredentials(folder: string): void {
  for (const name of [...FOLDERS, 'work']) mkdirSync(join(folder, name), { recursive: true });
  const work = join(folder, 'work');
  writeFileSync(join(work, 'openssl.cnf'), CONFIG);
  writeFileSync(join(work, 'index.txt'), '');
  writeFileSync(join(work, 'crlnumber'), '01\n');
  const at = (name: string): string => join(folder, name);
  const openssl = (args: string, san = 'none'): void => {
    execFileSync('openssl', args.split(' '), {
      cwd: work,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SAN: san },
    });
  };
  const key = (name: string, options: string): void =>
    openssl(`genpkey ${options} -out ${name}.key`);
  const certificate = (name: string, cn: string, extensions: string, issuer = 'root'): void => {
    openssl(
      `req -new -key ${name}.key -subj /C=XX/O=Lab/CN=${cn} -config openssl.cnf -out ${name}.csr`,
      cn,
    );
    const by =
      issuer === name
        ? `-signkey ${name}.key`
        : `-CA ${issuer}.pem -CAkey ${issuer}.key -set_serial 0x${serial()}`;
    openssl(
      `x509 -req -in ${name}.csr ${by} -days 400 -extfile openssl.cnf -extensions ${extensions} -out ${name}.pem`,
      cn,
    );
  };
  let last = 0x10;
  const serial = (): string => (last++).toString(16);

  const EC = '-algorithm EC -pkeyopt ec_paramgen_curve:';
  key('root', `${EC}P-384`);
  key('int', `${EC}P-256`);
  key('moon', `${EC}P-256`);
  key('p521', `${EC}P-521`);
  key('sun', '-algorithm RSA -pkeyopt rsa_keygen_bits:2048');
  key('ed', '-algorithm ED25519');
  key('ed448', '-algorithm ED448');
  key('aa', `${EC}P-256`);
  key('ocsp', `${EC}P-256`);
  key('peer', `${EC}P-256`);
  key('raw', `${EC}P-256`);
  openssl(
    `req -new -x509 -key root.key -subj /C=XX/O=Lab/CN=RootCA -days 800 -config openssl.cnf -extensions ca_ext -out root.pem`,
  );
  certificate('int', 'Intermediate', 'ca_ext');
  certificate('moon', 'moon.example.org', 'leaf');
  certificate('p521', 'p521.example.org', 'leaf');
  certificate('sun', 'sun.example.org', 'leaf', 'int');
  certificate('ed', 'ed.example.org', 'leaf');
  certificate('ed448', 'ed448.example.org', 'leaf');
  certificate('peer', 'peer.example.org', 'leaf', 'int');
  certificate('aa', 'aa.example.org', 'aa');
  certificate('ocsp', 'ocsp.example.org', 'ocsp');

  // Named by connections only.
  for (const name of ['other', 'lone', 'far']) key(name, `${EC}P-256`);
  openssl(
    `req -new -x509 -key other.key -subj /C=XX/O=Lab/CN=OtherCA -days 800 -config openssl.cnf -extensions ca_ext -out other.pem`,
  );
  for (const name of ['lone', 'far']) {
    certificate(name, `${name}.example.org`, 'leaf', 'other');
    openssl(`pkey -in ${name}.key -pubout -out ${name}.pub`);
  }

  const copy = (from: string, to: string): void => copyFileSync(join(work, from), at(to));
  copy('root.pem', 'x509ca/root.pem');
  openssl(`x509 -in int.pem -outform DER -out ${at('x509ca/int.der')}`);
  for (const name of ['moon', 'sun', 'p521', 'ed448']) copy(`${name}.pem`, `x509/${name}.pem`);
  openssl(`x509 -in ed.pem -outform DER -out ${at('x509/ed.der')}`);
  copy('aa.pem', 'x509aa/aa.pem');
  copy('ocsp.pem', 'x509ocsp/ocsp.pem');
  openssl(
    `ca -config openssl.cnf -gencrl -keyfile root.key -cert root.pem -out ${at('x509crl/root.pem')}`,
  );
  openssl(`ca -config openssl.cnf -gencrl -keyfile int.key -cert int.pem -out int.crl`);
  openssl(`crl -in int.crl -outform DER -out ${at('x509crl/int.der')}`);
  openssl(`pkey -in raw.key -pubout -out ${at('pubkey/raw.pem')}`);
  openssl(`pkey -in sun.key -pubout -outform DER -out ${at('pubkey/sun.der')}`);

  copy('moon.key', 'private/moon.pem');
  copy('aa.key', 'private/aa.pem');
  openssl(
    `pkcs8 -topk8 -in ed448.key -v2 aes-256-cbc -passout pass:five -out ${at('private/enc.pem')}`,
  );
  openssl(`rsa -in sun.key -traditional -aes128 -passout pass:one -out ${at('rsa/sun.pem')}`);
  openssl(`ec -in p521.key -aes256 -passout pass:two -out ${at('ecdsa/enc.pem')}`);
  openssl(`pkey -in raw.key -outform DER -out ${at('ecdsa/raw.der')}`);
  openssl(
    `pkcs8 -topk8 -in ed.key -v2 aes-128-cbc -passout pass:three -out ${at('pkcs8/enc.pem')}`,
  );
  openssl(`pkcs8 -topk8 -nocrypt -in ocsp.key -outform DER -out ${at('pkcs8/ocsp.der')}`);
  openssl(
    `pkcs12 -export -inkey peer.key -in peer.pem -certfile int.pem -passout pass:four -out ${at('pkcs12/peer.p12')}`,
  );
}

/** Puts files that are not what their folder says into a swanctl directory. */
export function writeBroken(directory: string, made: string): void {
  const at = (name: string): string => join(directory, name);
  const root = readFileSync(join(made, 'x509ca/root.pem'));
  const moon = readFileSync(join(made, 'work/moon.pem'));
  writeFileSync(at('x509/garbage.pem'), 'hello\n');
  writeFileSync(at('x509/key.pem'), readFileSync(join(made, 'work/moon.key')));
  writeFileSync(at('x509/short.pem'), root.subarray(0, 200));
  writeFileSync(at('x509/short.der'), readFileSync(join(made, 'x509/ed.der')).subarray(0, 100));
  writeFileSync(at('x509ca/leaf.pem'), moon);
  writeFileSync(at('x509crl/cert.pem'), root);
  writeFileSync(at('pubkey/cert.pem'), 'AAAA');
  writeFileSync(at('x509ac/cert.pem'), root);
  writeFileSync(at('rsa/ec.pem'), readFileSync(join(made, 'work/moon.key')));
}
