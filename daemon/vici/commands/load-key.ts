import { findValue, value } from '../../config/tree.ts';
import type { KeyType } from '../../contracts/signatures.ts';
import { failure } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Types of vici.md, and ML-DSA as an extension; `any` takes whatever it is. */
const TYPES: ReadonlyMap<string, KeyType['kind'] | 'any' | 'dsa'> = new Map([
  ['any', 'any'],
  ['rsa', 'rsa'],
  ['ecdsa', 'ecdsa'],
  ['dsa', 'dsa'],
  ['ed25519', 'ed25519'],
  ['ed448', 'ed448'],
  ['ml-dsa', 'ml-dsa'],
]);

/** Adds a private key, not encrypted, as PEM or DER. */
export const loadKey: Command = {
  name: 'load-key',
  run: async ({ tree }, { services: { privateKeys }, log }) => {
    const typeText = textInput(tree, 'type');
    if (typeText === undefined) return failure('key type missing');
    const type = TYPES.get(typeText.toLowerCase());
    if (type === undefined)
      return failure(`invalid key type: ${typeText}: allowed are ${[...TYPES.keys()].join(', ')}`);
    const data = findValue(tree, 'data');
    if (data === undefined || data.length === 0) return failure('key data missing');
    const failed = `parsing ${type.toUpperCase()} private key failed`;
    if (type === 'dsa') {
      data.fill(0);
      return failure(`${failed}: IKEv2 has no signature method for DSA`);
    }
    const loaded = await privateKeys.load({
      data,
      origin: 'vici',
      ...(type === 'any' ? {} : { kind: type }),
    });
    if (!loaded.ok) return failure(`${failed}: ${loaded.reason}`);
    const { keyId, type: found } = loaded.key.publicKey;
    log.log('cfg', 1, `loaded ${found.kind.toUpperCase()} private key`);
    return [value('success', 'yes'), value('id', keyId)];
  },
};
