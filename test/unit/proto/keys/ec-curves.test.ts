import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { expect, test } from 'vitest';
import { ecCurves, isOnCurve, toBigInt } from '../../../../daemon/proto/keys/ec-curves.ts';

const others = { p256, p384, p521, brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 };

test.each(ecCurves)('$name is the curve that others know', (curve) => {
  const { CURVE } = others[curve.name].Point;
  const { Fp } = others[curve.name].Point;
  expect({ p: Fp.ORDER, a: CURVE().a, b: CURVE().b, order: CURVE().n }).toEqual({
    p: curve.p,
    a: curve.a,
    b: curve.b,
    order: curve.order,
  });
  expect(curve.order.toString(2)).toHaveLength(curve.bits);
  expect(Math.ceil(curve.p.toString(2).length / 8)).toBe(curve.octets);
});

test.each(ecCurves)('points of $name, and what is none', (curve) => {
  const generator = others[curve.name].Point.BASE.toBytes(false).subarray(1);
  expect(isOnCurve(curve, generator)).toBe(true);
  expect(isOnCurve(curve, generator.subarray(1))).toBe(false);
  expect(isOnCurve(curve, new Uint8Array(2 * curve.octets))).toBe(false);
  expect(isOnCurve(curve, new Uint8Array(2 * curve.octets).fill(0xff))).toBe(false);
  expect(toBigInt(new Uint8Array(0))).toBe(0n);
});
