import { expect, test } from 'vitest';
import { InProcessKeys } from '../../../daemon/keyd/in-process.ts';
import { NobleSignatureVerifier } from '../../../plugins/crypto-noble/signatures.ts';
import { NodeSignatureVerifier } from '../../../plugins/crypto-node/signatures.ts';
import { privateKeysCompliance } from '../../support/compliance/private-keys.ts';
import { keyPair, pkcs8Of } from '../../support/private-keys.ts';

privateKeysCompliance('InProcessKeys', () => new InProcessKeys(new NodeSignatureVerifier()));

test('a key that the crypto plugin does not know is not kept', async () => {
  await using keys = new InProcessKeys(new NobleSignatureVerifier());
  const data = pkcs8Of(keyPair('ml-dsa-65').privateKey);
  expect(await keys.load({ data, origin: 'vici' })).toEqual({
    ok: false,
    reason: 'found a key of a kind that the crypto plugin in use does not know',
  });
  expect(keys.list()).toEqual([]);
});
