import { createECDH, getDiffieHellman } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { nistHalf } from '../../../plugins/crypto-noble/curves.ts';
import { modpHalf } from '../../../plugins/crypto-noble/modp.ts';
import { MODP_2048, MODP_3072, MODP_4096 } from '../../../plugins/crypto-noble/modp-primes.ts';
import { ecdhHalf } from '../../../plugins/crypto-node/ecp.ts';
import { modpPrime } from '../../support/compliance/crypto.ts';
import { hex, octetsOf } from '../../support/hex.ts';

describe('RFC 5903 section 8.1, 256-bit random ECP group', () => {
  const i = octetsOf('C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433');
  const r = octetsOf('C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53');
  const gi =
    'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180' +
    '5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3';
  const gr =
    'd12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63' +
    '56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab';
  const gir = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de';

  test.each([
    [
      'crypto-node',
      (key: Uint8Array) => {
        const keys = createECDH('prime256v1');
        keys.setPrivateKey(key);
        return ecdhHalf(keys);
      },
    ],
    ['crypto-noble', (key: Uint8Array) => nistHalf(p256, key)],
  ])('%s', (_, halfOf) => {
    expect(hex(halfOf(i).publicValue)).toBe(gi);
    expect(hex(halfOf(r).publicValue)).toBe(gr);
    expect(hex(halfOf(i).derive(octetsOf(gr)))).toBe(gir);
    expect(hex(halfOf(r).derive(octetsOf(gi)))).toBe(gir);
  });
});

describe('RFC 3526 sections 3 to 5', () => {
  test.each([
    [2048, 'modp14', MODP_2048],
    [3072, 'modp15', MODP_3072],
    [4096, 'modp16', MODP_4096],
  ])('the %i-bit prime is what its formula says, in both providers', (bits, group, prime) => {
    const defined = modpPrime(bits).toString(16);
    expect(prime).toBe(defined);
    expect(getDiffieHellman(group).getPrime('hex')).toBe(defined);
    expect(getDiffieHellman(group).getGenerator('hex')).toBe('02');
  });

  test('short exponents show the arithmetic: 2^10 and its 3rd power', () => {
    const half = modpHalf(MODP_2048, Uint8Array.of(10));
    expect(hex(half.publicValue)).toBe('0400'.padStart(512, '0'));
    const three = octetsOf('03'.padStart(512, '0'));
    expect(hex(half.derive(three))).toBe((3 ** 10).toString(16).padStart(512, '0'));
  });

  test('values keep the length of the prime although they are small', () => {
    const half = modpHalf(MODP_3072, Uint8Array.of(1));
    expect(half.publicValue).toHaveLength(384);
    expect(half.derive(octetsOf('02'.padStart(768, '0')))).toHaveLength(384);
  });
});
