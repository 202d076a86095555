/** Whether a times b is n: unsigned numbers, most significant octet first. Wipes what it makes of them, which a bigint would not allow. */
export function isProduct(a: Uint8Array, b: Uint8Array, n: Uint8Array): boolean {
  // columns of octet products, least significant first: up to 2^11 sums of 2^16 fit
  const columns = new Uint32Array(a.length + b.length);
  for (let i = 0; i < a.length; i++) {
    const digit = a[a.length - 1 - i] ?? 0;
    for (let j = 0; j < b.length; j++) {
      columns[i + j] = (columns[i + j] ?? 0) + digit * (b[b.length - 1 - j] ?? 0);
    }
  }
  let carry = 0;
  let equal = n.length <= columns.length;
  for (let i = 0; i < columns.length; i++) {
    const sum = (columns[i] ?? 0) + carry;
    if ((sum & 0xff) !== (n[n.length - 1 - i] ?? 0)) equal = false;
    carry = Math.floor(sum / 256);
  }
  columns.fill(0);
  return equal && carry === 0;
}
