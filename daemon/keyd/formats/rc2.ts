/** The permutation of RFC 2268 section 2. */
const PI: Uint8Array = Uint8Array.from(
  (
    `d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2
     179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82
     54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626
     6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7
     08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec
     c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731
     2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9
     0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad`.match(/[0-9a-f]{2}/g) ?? []
  ).map((octet) => Number.parseInt(octet, 16)),
);

const BLOCK_OCTETS = 8;
const ROTATIONS = [1, 2, 3, 5] as const;

/**
 * Decrypts RC2 in CBC mode (RFC 2268) with a key whose effective length is its own; `undefined` if the padding is wrong. OpenSSL has put RC2 away, and
 * until 2021 it was what everybody encrypted the certificates of PKCS#12 with. It protects nothing: for opening old files only.
 */
export function openRc2(
  key: Uint8Array,
  iv: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length === 0 || sealed.length % BLOCK_OCTETS !== 0) return undefined;
  const words = expandKey(key);
  const plain = new Uint8Array(sealed.length);
  let previous = iv;
  for (let at = 0; at < sealed.length; at += BLOCK_OCTETS) {
    const block = sealed.subarray(at, at + BLOCK_OCTETS);
    plain.set(decryptBlock(words, block), at);
    for (let i = 0; i < BLOCK_OCTETS; i++)
      plain[at + i] = (plain[at + i] ?? 0) ^ (previous[i] ?? 0);
    previous = block;
  }
  words.fill(0);
  const padding = plain.at(-1) ?? 0;
  const right =
    padding >= 1 &&
    padding <= BLOCK_OCTETS &&
    plain.subarray(-padding).every((octet) => octet === padding);
  const result = right ? plain.slice(0, -padding) : undefined;
  plain.fill(0);
  return result;
}

// Section 2, the effective length being that of the key.
function expandKey(key: Uint8Array): Uint16Array {
  const octets = new Uint8Array(128);
  octets.set(key);
  const length = key.length;
  for (let i = length; i < 128; i++)
    octets[i] = PI[((octets[i - 1] ?? 0) + (octets[i - length] ?? 0)) & 0xff] ?? 0;
  octets[128 - length] = PI[octets[128 - length] ?? 0] ?? 0;
  for (let i = 127 - length; i >= 0; i--)
    octets[i] = PI[(octets[i + 1] ?? 0) ^ (octets[i + length] ?? 0)] ?? 0;
  const words = new Uint16Array(64);
  for (let i = 0; i < 64; i++) words[i] = (octets[2 * i] ?? 0) | ((octets[2 * i + 1] ?? 0) << 8);
  octets.fill(0);
  return words;
}

// Section 4: five rounds of mixing backwards, mashing, six, mashing, five.
function decryptBlock(key: Uint16Array, block: Uint8Array): Uint8Array {
  const r = [0, 2, 4, 6].map((i) => (block[i] ?? 0) | ((block[i + 1] ?? 0) << 8));
  let j = 63;
  for (let round = 0; round < 16; round++) {
    for (let i = 3; i >= 0; i--) {
      const turn = ROTATIONS[i] ?? 0;
      const value = r[i] ?? 0;
      const turned = (value >>> turn) | (value << (16 - turn));
      const [one = 0, two = 0, three = 0] = [r[(i + 3) & 3], r[(i + 2) & 3], r[(i + 1) & 3]];
      r[i] = (turned - (key[j--] ?? 0) - (one & two) - (~one & three)) & 0xffff;
    }
    if (round === 4 || round === 10) {
      for (let i = 3; i >= 0; i--)
        r[i] = ((r[i] ?? 0) - (key[(r[(i + 3) & 3] ?? 0) & 63] ?? 0)) & 0xffff;
    }
  }
  return Uint8Array.from(r.flatMap((word) => [word & 0xff, word >> 8]));
}
