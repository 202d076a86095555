/** Names of object identifiers for messages, by DER contents in hexadecimal. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010101', 'an RSA key'],
  ['2a864886f70d01010a', 'a key for RSASSA-PSS only'],
  ['2a864886f70d010107', 'a key for RSAES-OAEP only'],
  ['2a864886f70d010301', 'a Diffie-Hellman key'],
  ['2a8648ce3e0201', 'a Diffie-Hellman key'],
  ['2a8648ce380401', 'a DSA key'],
  ['2a8648ce3d0201', 'an EC key'],
  ['2b656e', 'an X25519 key'],
  ['2b656f', 'an X448 key'],
  ['2b6570', 'an Ed25519 key'],
  ['2b6571', 'an Ed448 key'],
  ['608648016503040311', 'an ML-DSA-44 key'],
  ['608648016503040312', 'an ML-DSA-65 key'],
  ['608648016503040313', 'an ML-DSA-87 key'],
  ['608648016503040401', 'an ML-KEM-512 key'],
  ['608648016503040402', 'an ML-KEM-768 key'],
  ['608648016503040403', 'an ML-KEM-1024 key'],
  ['2a8648ce3d030101', 'prime192v1'],
  ['2a8648ce3d030107', 'prime256v1'],
  ['2b81040021', 'secp224r1'],
  ['2b8104000a', 'secp256k1'],
  ['2b81040022', 'secp384r1'],
  ['2b81040023', 'secp521r1'],
  ['2b2403030208010105', 'brainpoolP224r1'],
  ['2b2403030208010107', 'brainpoolP256r1'],
  ['2b2403030208010108', 'brainpoolP256t1'],
  ['2b2403030208010109', 'brainpoolP320r1'],
  ['2b240303020801010b', 'brainpoolP384r1'],
  ['2b240303020801010d', 'brainpoolP512r1'],
  ['2a864886f70d01050d', 'PBES2'],
  ['2a864886f70d010503', 'PBES1 with MD5 and DES'],
  ['2a864886f70d01050a', 'PBES1 with SHA-1 and DES'],
  ['2a864886f70d010c0101', 'PBES1 with SHA-1 and RC4'],
  ['2a864886f70d010c0103', 'PBES1 with SHA-1 and 3DES'],
  ['2a864886f70d010c0106', 'PBES1 with SHA-1 and RC2'],
]);

/** The name of an object identifier, or the identifier itself; `oid` is DER contents in hexadecimal. */
export function oidName(oid: string): string {
  return NAMES.get(oid) ?? dotted(oid);
}

function dotted(oid: string): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const pair of oid.slice(0, 64).match(/../g) ?? []) {
    const octet = BigInt(`0x${pair}`);
    arc = arc * 128n + (octet & 0x7fn);
    if (octet >= 0x80n) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [head = 0n, ...rest] = arcs;
  const first = head < 80n ? head / 40n : 2n;
  return `OID ${[first, head - first * 40n, ...rest].join('.')}`;
}
