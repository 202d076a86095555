import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { IntAuth } from '../../../daemon/crypto/int-auth.ts';
import { Secret } from '../../../daemon/util/secret.ts';
import { nodePrfs } from '../../../plugins/crypto-node/prf.ts';

const prf = nodePrfs.find(({ id }) => id === 5);

function octets(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);
}

/** The formula of RFC 9242 section 3.3.2 in `node:crypto` alone: prf is HMAC-SHA2-256. */
function formula(exchanges: readonly (readonly Uint8Array[])[]): string {
  let [i, r] = [Buffer.alloc(0), Buffer.alloc(0)];
  for (const [skPi, skPr, request, response] of exchanges as readonly Uint8Array[][]) {
    i = createHmac('sha256', skPi ?? '')
      .update(Buffer.concat([i, request ?? i]))
      .digest();
    r = createHmac('sha256', skPr ?? '')
      .update(Buffer.concat([r, response ?? r]))
      .digest();
  }
  const mid = (exchanges.length + 1).toString(16).padStart(8, '0');
  return i.toString('hex') + r.toString('hex') + mid;
}

describe('IntAuth, RFC 9242 section 3.3.2', () => {
  test.each([1, 2, 7])('%i exchanges, each with keys of its own', (count) => {
    if (prf === undefined) throw new Error('no PRF');
    const exchanges = Array.from({ length: count }, (_, n) => [
      octets(n, 32),
      octets(100 + n, 32),
      octets(7 * n, 40 + 1000 * n),
      octets(11 * n, 1500),
    ]);
    const intAuth = new IntAuth();
    for (const [skPi, skPr, request, response] of exchanges) {
      const keys = {
        skPi: new Secret(skPi ?? octets(0, 0)),
        skPr: new Secret(skPr ?? octets(0, 0)),
      };
      intAuth.add(prf, keys, request ?? octets(0, 0), response ?? octets(0, 0));
    }
    expect(Buffer.from(intAuth.octets()).toString('hex')).toBe(formula(exchanges));
  });
});
