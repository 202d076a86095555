import { describe, expect, test } from 'vitest';
import {
  type SharedKeyEntry,
  SharedKeyStore,
  type SharedKeyType,
} from '../../../daemon/credentials/shared-keys.ts';
import type { Identity } from '../../../daemon/proto/identity.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { Secret } from '../../../daemon/util/secret.ts';

const id = (text: string): Identity => parseIdentity(text, { allowRegex: true });

function entry(
  name: string,
  owners: readonly string[],
  type: SharedKeyType = 'ike',
): SharedKeyEntry {
  return { id: name, type, data: new Secret(utf8(`secret of ${name}`)), owners: owners.map(id) };
}

function store(...entries: readonly SharedKeyEntry[]): SharedKeyStore {
  const created = new SharedKeyStore();
  for (const one of entries) created.load(one);
  return created;
}

function found(
  keys: SharedKeyStore,
  local: string,
  remote: string,
  type: SharedKeyType = 'ike',
): readonly (string | undefined)[] {
  return keys.find(type, id(local), id(remote)).map((candidate) => candidate.id);
}

describe('SharedKeyStore.find', () => {
  test('the remote side decides, then the local one', () => {
    const keys = store(
      entry('everybody', []),
      entry('local', ['moon']),
      entry('remote', ['carol']),
      entry('wild', ['moon', '*.example.org', 'fqdn:*rol']),
      entry('pair', ['carol', 'moon']),
    );
    expect(found(keys, 'moon', 'carol')).toEqual(['pair', 'remote', 'wild', 'everybody', 'local']);
    expect(found(keys, 'moon', 'dave.example.org')).toEqual(['wild', 'everybody', 'pair', 'local']);
    expect(found(keys, 'sun', 'dave')).toEqual(['everybody']);
  });

  // Each line was seen with charon: moon answers dave, `best` is the secret moon's AUTH was made with.
  test.each([
    { first: ['moon', 'carol'], second: undefined, best: 'first' },
    { first: ['moon'], second: [], best: 'second' },
    { first: [], second: ['moon'], best: 'first' },
    { first: ['moon'], second: ['dave'], best: 'second' },
    { first: ['moon', '%any'], second: ['dave'], best: 'second' },
    { first: ['moon', '*ave'], second: ['dave'], best: 'second' },
    { first: ['dave'], second: ['dave'], best: 'second' },
  ])('owners $first and $second: $best', ({ first, second, best }) => {
    const keys = store(entry('first', first));
    if (second !== undefined) keys.load(entry('second', second));
    expect(found(keys, 'moon', 'dave')[0]).toBe(best);
  });

  test('exact beats wildcard, the better wildcard beats the worse, the later wins a tie', () => {
    const keys = store(
      entry('regex', ['fqdn:^.*\\.org$']),
      entry('suffix', ['*.example.org']),
      entry('exact', ['carol.example.org']),
      entry('exact too', ['CAROL.example.org']),
      entry('net', ['10.0.0.0/8']),
      entry('everything', ['0.0.0.0/0']),
      entry('host', ['10.0.0.1']),
    );
    expect(found(keys, 'moon', 'carol.example.org')).toEqual([
      'exact too',
      'exact',
      'suffix',
      'regex',
    ]);
    expect(found(keys, 'moon', '10.0.0.1')).toEqual(['host', 'net', 'everything']);
  });

  test('a secret of others is no candidate', () => {
    const keys = store(entry('peers', ['carol', 'dave']));
    expect(found(keys, 'moon', 'mallory')).toEqual([]);
    expect(found(keys, 'moon', 'dave')).toEqual(['peers']);
  });

  test('scores tell how well each side fits', () => {
    const keys = store(entry('a', ['moon', '*.example.org']));
    const [candidate] = keys.find('ike', id('moon'), id('carol.example.org'));
    expect(candidate).toMatchObject({ id: 'a', localScore: 20, remoteScore: 19 });
    expect(Buffer.from(candidate?.data.bytes ?? []).toString()).toBe('secret of a');
  });

  test('types do not mix', () => {
    const keys = store(entry('eap', ['carol'], 'eap'), entry('ppk', [], 'ppk'));
    expect(found(keys, 'moon', 'carol')).toEqual([]);
    expect(found(keys, 'moon', 'carol', 'eap')).toEqual(['eap']);
    expect(found(keys, 'moon', 'carol', 'ppk')).toEqual(['ppk']);
  });

  test('distinguished names match by the mode of the store', () => {
    const strict = new SharedKeyStore();
    const reordered = new SharedKeyStore(() => 'reordered');
    for (const keys of [strict, reordered]) keys.load(entry('dn', ['C=CH, CN=carol']));
    expect(found(strict, 'moon', 'CN=carol, C=CH')).toEqual([]);
    expect(found(reordered, 'moon', 'CN=carol, C=CH')).toEqual(['dn']);
    expect(found(strict, 'moon', 'c=ch, cn=Carol')).toEqual(['dn']);
  });

  test('the remote identity may not be known yet', () => {
    const keys = store(entry('everybody', []), entry('carol', ['carol']), entry('moon', ['moon']));
    keys.load(entry('pair', ['moon', 'carol']));
    expect(found(keys, 'moon', '%any')).toEqual(['everybody', 'pair', 'moon']);
  });

  test('SEC-34, SEC-08: NULL and strange identities find only what is for everybody', () => {
    const keys = store(entry('everybody', []), entry('carol', ['carol', 'CN=carol', '10.0.0.1']));
    for (const strange of [
      '{13}:',
      '{0}:x',
      '{77}:carol',
      'asn1dn:#3080',
      'ipv4:#0a',
      'fqdn:#6361726f6c00',
    ])
      expect(found(keys, 'moon', strange), strange).toEqual(['everybody']);
  });
});

describe('loading and unloading', () => {
  test('the same id replaces and wipes', () => {
    const first = entry('a', ['carol']);
    const keys = store(first, entry('b', ['carol']));
    keys.load(entry('a', ['dave', 'carol']));
    expect(keys.ids()).toEqual(['b', 'a']);
    expect(keys.size).toBe(2);
    expect(found(keys, 'moon', 'carol')).toEqual(['a', 'b']);
    expect(found(keys, 'moon', 'dave')).toEqual(['a']);
    expect(() => first.data.bytes).toThrow(TypeError);
  });

  test('loading the very same secret again does not wipe it', () => {
    const one = entry('a', ['carol']);
    const keys = store(one);
    keys.load({ ...one, owners: [id('dave')] });
    expect(one.data.bytes).toHaveLength(11);
    expect(found(keys, 'moon', 'carol')).toEqual([]);
    expect(found(keys, 'moon', 'dave')).toEqual(['a']);
  });

  test('unload removes every trace and wipes', () => {
    const one = entry('a', ['carol', '*.org', 'moon', 'moon']);
    const keys = store(one, entry('b', ['carol']));
    expect(keys.unload('a')).toBe(true);
    expect(keys.unload('a')).toBe(false);
    expect(keys.ids()).toEqual(['b']);
    expect(found(keys, 'moon', 'carol')).toEqual(['b']);
    expect(found(keys, 'moon', 'x.org')).toEqual([]);
    expect(() => one.data.bytes).toThrow(TypeError);
  });

  test('secrets without id live until clear', () => {
    const nameless: SharedKeyEntry = { type: 'ike', data: new Secret(utf8('x')), owners: [] };
    const keys = store(nameless, entry('a', []));
    keys.load({ type: 'ike', data: new Secret(utf8('y')), owners: [id('carol')] });
    expect(keys.ids()).toEqual(['a']);
    expect(found(keys, 'moon', 'carol')).toEqual([undefined, 'a', undefined]);
    keys.clear();
    expect(keys.size).toBe(0);
    expect(keys.ids()).toEqual([]);
    expect(found(keys, 'moon', 'carol')).toEqual([]);
    expect(() => nameless.data.bytes).toThrow(TypeError);
  });

  test('finding one of 20 000 exact owners looks at a handful', () => {
    const keys = new SharedKeyStore();
    let looked = 0;
    const watched = ({ type, data }: Identity): Identity => ({
      type,
      get data() {
        looked++;
        return data;
      },
    });
    for (let i = 0; i < 20_000; i++) {
      const one = entry(`k${i}`, [`peer${i}.example.org`]);
      keys.load({ ...one, owners: one.owners.map(watched) });
    }
    looked = 0;
    expect(found(keys, 'moon', 'peer12345.example.org')).toEqual(['k12345']);
    expect(looked).toBeLessThan(20);
  });
});
