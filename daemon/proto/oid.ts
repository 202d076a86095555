/** Dotted text of the contents of an OBJECT IDENTIFIER. */
export function oidText(contents: Uint8Array): string {
  let text = '';
  let arc = 0;
  for (const octet of contents) {
    if (arc >= LARGEST_EXACT) return largeOidText(contents);
    arc = arc * 128 + (octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    if (text === '') {
      const root = arc < 40 ? 0 : arc < 80 ? 1 : 2;
      text = `${root}.${arc - root * 40}`;
    } else {
      text += `.${arc}`;
    }
    arc = 0;
  }
  return text;
}

/** An arc below this is still exact with seven bits more. */
const LARGEST_EXACT = 2 ** 46;

function largeOidText(contents: Uint8Array): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of contents) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    const root = arcs.length > 0 ? undefined : arc < 40n ? 0n : arc < 80n ? 1n : 2n;
    arcs.push(...(root === undefined ? [arc] : [root, arc - root * 40n]));
    arc = 0n;
  }
  return arcs.join('.');
}

/** Contents of the OBJECT IDENTIFIER of a dotted text. */
export function oidOctets(dotted: string): Uint8Array {
  const [root = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  const octets: number[] = [];
  for (const arc of [root * 40n + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let high = arc >> 7n; high > 0n; high >>= 7n) groups.unshift(Number(high & 0x7fn) | 0x80);
    octets.push(...groups);
  }
  return Uint8Array.from(octets);
}
