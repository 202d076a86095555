import { describe, expect, test } from 'vitest';
import { KeyExchangeError } from '../../../daemon/contracts/crypto.ts';
import { equalBytes } from '../../../daemon/util/bytes.ts';
import { Decapsulation, keyOfSeed, ML_KEM } from '../../../plugins/crypto-node/mlkem.ts';
import { hasSharedData } from '../../support/shared-data.ts';
import { type WycheproofCase, wycheproofCases } from '../../support/wycheproof.ts';

describe.skipIf(!hasSharedData('wycheproof'))('Wycheproof ML-KEM through crypto-node', () => {
  test.each(ML_KEM)('$name', (parameters) => {
    const file = `${parameters.name.toLowerCase().replace('ml-kem-', 'mlkem_')}_test.json`;
    const cases = wycheproofCases(file);
    const wrong = cases.filter((item) => !isRight(item, decapsulated(item)));
    expect(wrong.map(({ id }) => id)).toEqual([]);
    expect(cases.length).toBeGreaterThan(150);

    function decapsulated(item: WycheproofCase): Uint8Array | undefined {
      const seed = item.octets('seed');
      // Nothing but our own seeds, which have 64 octets, is ever loaded.
      if (seed.length !== 64) return undefined;
      using half = new Decapsulation(parameters, keyOfSeed(parameters.name, seed));
      expect(half.publicValue).toEqual(item.octets('ek'));
      try {
        return half.secret(item.octets('c'));
      } catch (error) {
        if (error instanceof KeyExchangeError) return undefined;
        throw error;
      }
    }
  });
});

function isRight(item: WycheproofCase, secret: Uint8Array | undefined): boolean {
  if (item.result === 'valid') return secret !== undefined && equalBytes(secret, item.octets('K'));
  return secret === undefined;
}
