import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type TreeEntry, value } from '../../../daemon/config/tree.ts';
import { decodeSpki } from '../../../daemon/proto/keys/spki.ts';
import { largestRsa } from '../../support/largest-rsa.ts';
import { keyPair, pkcs8Of, spkiOf } from '../../support/private-keys.ts';
import { ask, type Plain, type RawClient, ViciBench } from '../../support/vici.ts';

const no = (errmsg: string): Plain => [
  ['success', 'no'],
  ['errmsg', errmsg],
];
const YES: Plain = [['success', 'yes']];

const rsa = keyPair('rsa2048');
const ec = keyPair('p256');
const idOf = (pair: typeof rsa): string =>
  createHash('sha1')
    .update(decodeSpki(spkiOf(pair.publicKey))?.keyBits ?? new Uint8Array(0))
    .digest('hex');

const load = (client: RawClient, type: string, data: Uint8Array | string): Promise<Plain> =>
  ask(client, 'load-key', [value('type', type), value('data', data)]);

describe('private keys over VICI', () => {
  test('are loaded as DER and PEM, named and removed', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const loaded = (id: string): Plain => [
      ['success', 'yes'],
      ['id', id],
    ];
    expect(await load(client, 'any', pkcs8Of(rsa.privateKey))).toEqual(loaded(idOf(rsa)));
    const pem = ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    expect(await load(client, 'ECDSA', pem)).toEqual(loaded(idOf(ec)));
    expect(await load(client, 'ecdsa', pem)).toEqual(loaded(idOf(ec)));
    expect(await ask(client, 'get-keys')).toEqual([['keys', [idOf(rsa), idOf(ec)]]]);
    const id = idOf(rsa).toUpperCase();
    expect(await ask(client, 'unload-key', [value('id', id)])).toEqual(YES);
    expect(await ask(client, 'unload-key', [value('id', id)])).toEqual(no('key not found'));
    expect(await ask(client, 'get-keys')).toEqual([['keys', [idOf(ec)]]]);
    expect(bench.log.lines).toEqual(
      expect.arrayContaining(['loaded RSA private key', 'loaded ECDSA private key']),
    );
    expect(await ask(client, 'clear-creds')).toEqual(YES);
    expect(await ask(client, 'get-keys')).toEqual([['keys', []]]);
  });

  test('of 16384 bits, the largest there are, are loaded', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const largest = largestRsa();
    for (const data of [
      pkcs8Of(largest.privateKey),
      largest.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    ]) {
      expect(await load(client, 'rsa', data)).toEqual([
        ['success', 'yes'],
        ['id', idOf(largest)],
      ]);
    }
    expect(await ask(client, 'get-keys')).toEqual([['keys', [idOf(largest)]]]);
  });

  test('do not touch those that the daemon loaded itself', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await bench.privateKeys.load({ data: pkcs8Of(rsa.privateKey), origin: 'file' });
    expect(await ask(client, 'get-keys')).toEqual([['keys', []]]);
    expect(await ask(client, 'unload-key', [value('id', idOf(rsa))])).toEqual(no('key not found'));
    await load(client, 'rsa', pkcs8Of(rsa.privateKey));
    expect(await ask(client, 'unload-key', [value('id', idOf(rsa))])).toEqual(YES);
    expect(bench.privateKeys.find(idOf(rsa))?.origins).toEqual(['file']);
    await ask(client, 'clear-creds');
    expect(bench.privateKeys.list()).toHaveLength(1);
  });

  test('with mistakes are refused with the reason, and nothing is lost', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    await load(client, 'rsa', pkcs8Of(rsa.privateKey));
    const entries = (...given: readonly TreeEntry[]): Promise<Plain> =>
      ask(client, 'load-key', given);
    expect(await entries(value('data', 'x'))).toEqual(no('key type missing'));
    expect(await entries(value('type', 'rsa'))).toEqual(no('key data missing'));
    expect(await load(client, 'rsa', '')).toEqual(no('key data missing'));
    expect(await load(client, 'gost', 'x')).toEqual(
      no('invalid key type: gost: allowed are any, rsa, ecdsa, dsa, ed25519, ed448, ml-dsa'),
    );
    expect(await load(client, 'dsa', 'x')).toEqual(
      no('parsing DSA private key failed: IKEv2 has no signature method for DSA'),
    );
    expect(await load(client, 'rsa', pkcs8Of(ec.privateKey))).toEqual(
      no('parsing RSA private key failed: found a key of kind ecdsa, expected rsa'),
    );
    expect(await load(client, 'any', 'hello')).toEqual(
      no(
        'parsing ANY private key failed: found 5 octets that are neither PEM nor one DER structure, expected a private key as PKCS#1, PKCS#8 or SEC1',
      ),
    );
    const sealed = rsa.privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    });
    expect(await load(client, 'rsa', sealed.toString())).toEqual(
      no(
        'parsing RSA private key failed: found a key encrypted with a passphrase, expected a plain one or its passphrase',
      ),
    );
    expect(await ask(client, 'unload-key')).toEqual(no('key id missing'));
    expect(await ask(client, 'unload-key', [value('id', 'x')])).toEqual(no('key not found'));
    expect(await ask(client, 'get-keys')).toEqual([['keys', [idOf(rsa)]]]);
  });

  test('SEC-41: data is a key and never the name of a file that holds one', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const folder = mkdtempSync(join(tmpdir(), 'keys-'));
    try {
      const path = join(folder, 'key.der');
      writeFileSync(path, pkcs8Of(rsa.privateKey));
      const before = statSync(path, { bigint: true }).atimeNs;
      for (const name of [path, `file://${path}`, `file:${path}`, `@${path}`]) {
        const answer = await load(client, 'any', name);
        expect(answer[0]).toEqual(['success', 'no']);
      }
      for (const key of ['file', 'path', 'filename', 'handle']) {
        const answer = await ask(client, 'load-key', [value('type', 'any'), value(key, path)]);
        expect(answer).toEqual(no('key data missing'));
      }
      expect(statSync(path, { bigint: true }).atimeNs).toBe(before);
      expect(await ask(client, 'get-keys')).toEqual([['keys', []]]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('SEC-86: no part of a key is in an answer or in the log, however it is spoiled', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const der = pkcs8Of(rsa.privateKey);
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const answers: Plain[] = [];
    for (let at = 0; at < der.length; at += 97) {
      const spoiled = der.slice();
      spoiled[at] = (spoiled[at] ?? 0) ^ 0x55;
      answers.push(await load(client, 'any', spoiled));
      answers.push(await load(client, 'any', `${pem.slice(0, at + 40)}*${pem.slice(at + 41)}`));
    }
    const said = JSON.stringify(answers) + bench.log.lines.join('\n');
    expect(answers.some(([first]) => first?.[1] === 'no')).toBe(true);
    const { d = '', p = '' } = rsa.privateKey.export({ format: 'jwk' });
    for (const secret of [d, p]) {
      const hex = Buffer.from(secret, 'base64url').toString('hex');
      for (let at = 0; at + 8 <= hex.length; at += 8)
        expect(said).not.toContain(hex.slice(at, at + 8));
    }
    const base64 = pem.replaceAll(/-----.*-----|\n/g, '');
    for (let at = 0; at + 12 <= base64.length; at += 12)
      expect(said).not.toContain(base64.slice(at, at + 12));
  });

  test('on a token are refused honestly', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    expect(await ask(client, 'load-token')).toEqual(no('keyid missing'));
    const answer = await ask(client, 'load-token', [value('handle', '0a0b'), value('pin', '1234')]);
    expect(answer).toEqual(
      no(
        'loading private key from token failed: this daemon has no PKCS#11 support, load the key itself with load-key',
      ),
    );
  });
});
