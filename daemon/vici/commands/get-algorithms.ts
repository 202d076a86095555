import { section, type TreeEntry, value } from '../../config/tree.ts';
import type { CryptoInventoryEntry } from '../../contracts/crypto.ts';
import { nameOfHashAlgorithm } from '../../proto/iana/hash-algorithms.ts';
import {
  nameOfEncryption,
  nameOfIntegrity,
  nameOfKeMethod,
  nameOfPrf,
} from '../../proto/iana/transforms.ts';
import type { Command } from '../command.ts';

type Kind = CryptoInventoryEntry['kind'];

const NAMES: Readonly<Record<Kind, (id: number) => string>> = {
  cipher: nameOfEncryption,
  mac: nameOfIntegrity,
  aead: nameOfEncryption,
  hash: (id) => `HASH_${nameOfHashAlgorithm(id)}`,
  prf: nameOfPrf,
  keyExchange: nameOfKeMethod,
};

/** Where random numbers come from. */
const RANDOM = 'node';

/** Registered algorithms and who implements them, each once with the preferred implementation. */
export const getAlgorithms: Command = {
  name: 'get-algorithms',
  run: (_message, { services: { crypto } }) => {
    const of = (name: string, kind: Kind): TreeEntry => {
      const entries = crypto.inventory.filter((entry) => entry.kind === kind);
      return section(name, onePerName(entries, NAMES[kind]));
    };
    const kdf = crypto.inventory.find((entry) => entry.kind === 'prf')?.provider;
    return [
      of('encryption', 'cipher'),
      of('integrity', 'mac'),
      of('aead', 'aead'),
      of('hasher', 'hash'),
      of('prf', 'prf'),
      section('xof', []),
      section('kdf', kdf === undefined ? [] : [value('KDF_PRF', kdf), value('KDF_PRF_PLUS', kdf)]),
      section('drbg', []),
      of('ke', 'keyExchange'),
      section('rng', [value('RNG_STRONG', RANDOM)]),
      section('nonce-gen', [value('NONCE_GEN', RANDOM)]),
    ];
  },
};

function onePerName(
  entries: readonly CryptoInventoryEntry[],
  nameOf: (id: number) => string,
): readonly TreeEntry[] {
  const byName = new Map<string, string>();
  for (const { id, provider } of entries) {
    const name = nameOf(id);
    if (!byName.has(name)) byName.set(name, provider);
  }
  return [...byName].map(([name, provider]) => value(name, provider));
}
