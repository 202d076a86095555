/** A key of a section and what it is for. */
type Keys = readonly (readonly [name: string, doc: string])[];

const OWNER: Keys[number] = [
  'id<suffix>',
  "Whose it is. Several keys name several owners; without one it is everybody's.",
];
const secret = (doc: string): Keys[number] => ['secret', doc];
const OCTETS = 'Text, or octets after 0x (hexadecimal) or 0s (base64).';

const passphrase = (folder: string): Keys => [
  ['file', `Name of the file in ${folder}/.`],
  secret('The passphrase. Further keys that begin with secret are tried as well.'),
];

/** Sections in `secrets` by the beginning of their names. */
export const SECRETS: readonly (readonly [kind: string, what: string, keys: Keys])[] = [
  [
    'ike',
    "A pre-shared key. With two owners, ours and the peer's, it is used between them only.",
    [secret(OCTETS), OWNER],
  ],
  ['ppk', 'A post-quantum preshared key.', [secret(OCTETS), ['id<suffix>', 'Its PPK_ID.']]],
  ['eap', 'A password for EAP.', [secret(OCTETS), OWNER]],
  ['xauth', 'The same as eap.', [secret(OCTETS), OWNER]],
  [
    'ntlm',
    'The hash of a password for EAP-MSCHAPv2.',
    [secret('16 octets after 0x or 0s.'), OWNER],
  ],
  ['private', 'A passphrase of a file in private/.', passphrase('private')],
  ['rsa', 'A passphrase of a file in rsa/.', passphrase('rsa')],
  ['ecdsa', 'A passphrase of a file in ecdsa/.', passphrase('ecdsa')],
  ['pkcs8', 'A passphrase of a file in pkcs8/.', passphrase('pkcs8')],
  ['pkcs12', 'A passphrase of a container in pkcs12/.', passphrase('pkcs12')],
  [
    'token',
    'A private key on a token. The daemon of this package does not support tokens.',
    [
      ['handle', 'CKA_ID, hexadecimal.'],
      ['slot', 'Slot of the token.'],
      ['module', 'PKCS#11 module.'],
      ['pin', 'Its PIN.'],
    ],
  ],
];

/** Folders beside swanctl.conf whose files are loaded. */
export const CREDENTIAL_FOLDERS: readonly (readonly [folder: string, what: string])[] = [
  ['x509', 'Certificates of this end and of peers.'],
  ['x509ca', 'Certificates of authorities that are believed.'],
  ['x509ocsp', 'Certificates of OCSP responders that are believed.'],
  ['x509aa', 'Certificates of attribute authorities.'],
  ['x509ac', 'Attribute certificates.'],
  ['x509crl', 'Certificate revocation lists.'],
  ['pubkey', 'Raw public keys.'],
  ['private', 'Private keys in any format.'],
  ['rsa', 'Private RSA keys.'],
  ['ecdsa', 'Private ECDSA keys.'],
  ['pkcs8', 'Private keys in PKCS#8.'],
  ['pkcs12', 'Containers with keys and certificates.'],
];
