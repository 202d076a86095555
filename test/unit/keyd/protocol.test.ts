import { describe, expect, test } from 'vitest';
import type { SignatureScheme } from '../../../daemon/contracts/signatures.ts';
import { FrameReader } from '../../../daemon/keyd/frame-reader.ts';
import { KeyKeeper } from '../../../daemon/keyd/keeper.ts';
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  type KeydAnswer,
  type KeydFrame,
  KeydProtocolError,
  type KeydRequest,
} from '../../../daemon/keyd/protocol.ts';
import { KeydServer } from '../../../daemon/keyd/server.ts';
import { concatBytes, utf8 } from '../../../daemon/util/bytes.ts';
import { keyPair, pkcs8Of } from '../../support/private-keys.ts';

function only(octets: Uint8Array): KeydFrame {
  const [frame, ...more] = new FrameReader().push(octets.slice());
  if (frame === undefined || more.length > 0) throw new Error('not one frame');
  return frame;
}

const keyId = '0123456789abcdef0123456789abcdef01234567';
const message = utf8('octets');
const SCHEMES: readonly SignatureScheme[] = [
  { kind: 'rsa-pkcs1', hash: 'sha1' },
  { kind: 'rsa-pss', hash: 'sha3-512', saltOctets: 513 },
  { kind: 'ecdsa', hash: 'sha384', encoding: 'raw' },
  { kind: 'ecdsa', hash: 'sha224', encoding: 'der' },
  { kind: 'ed25519' },
  { kind: 'ed448' },
  { kind: 'ml-dsa' },
];
const REQUESTS: readonly KeydRequest[] = [
  ...SCHEMES.map((scheme): KeydRequest => ({ type: 'sign', keyId, scheme, message })),
  { type: 'load', origin: 'vici', kind: undefined, passphrase: undefined, data: message },
  { type: 'load', origin: 'file', kind: 'ml-dsa', passphrase: new Uint8Array(0), data: message },
  { type: 'load', origin: 'token', kind: 'rsa', passphrase: utf8('secret'), data: message },
  { type: 'unload', keyId, origin: 'file' },
  { type: 'clear', origin: 'vici' },
];

describe('frames', () => {
  test.each(REQUESTS.map((request, n) => [n, request] as const))('request %i', (n, request) => {
    const frame = only(encodeRequest(n, request));
    expect(frame.id).toBe(n);
    expect(decodeRequest(frame)).toEqual(request);
    expect(decodeAnswer(frame)).toBeUndefined();
  });

  test.each<KeydAnswer>([
    { type: 'ready' },
    { type: 'filler' },
    { type: 'done', result: message },
    { type: 'failed', reason: 'found this, expected that' },
  ])('answer $type', (answer) => {
    const frame = only(encodeAnswer(0xffff_ffff, answer));
    expect(frame.id).toBe(0xffff_ffff);
    expect(decodeAnswer(frame)).toEqual(answer);
    expect(decodeRequest(frame)).toBeUndefined();
  });

  test('in pieces of any size', () => {
    const stream = concatBytes(...REQUESTS.map((request, n) => encodeRequest(n, request)));
    for (const size of [1, 3, 7, 64, stream.length]) {
      const reader = new FrameReader();
      const frames: KeydFrame[] = [];
      for (let offset = 0; offset < stream.length; offset += size)
        frames.push(...reader.push(stream.slice(offset, offset + size)));
      expect(frames.map(decodeRequest)).toEqual(REQUESTS);
    }
  });

  test.each([
    ['of 128 MiB', Uint8Array.of(8, 0, 0, 0)],
    ['of 4 GiB', Uint8Array.of(255, 255, 255, 255)],
    ['just too long', Uint8Array.of(0, 2, 8, 1)],
    ['without a head', Uint8Array.of(0, 0, 0, 4)],
    ['of nothing', Uint8Array.of(0, 0, 0, 0)],
  ])('a frame %s ends the stream', (_, octets) => {
    expect(() => new FrameReader().push(octets)).toThrow(KeydProtocolError);
  });

  test('cut requests, and requests with a number that means nothing', () => {
    for (const request of REQUESTS) {
      const { type, id, body } = only(encodeRequest(1, request));
      const fixed = request.type === 'sign' ? 25 : request.type === 'load' ? 4 : body.length;
      for (let length = 0; length < fixed; length++)
        expect(decodeRequest({ type, id, body: body.subarray(0, length) })).toBeUndefined();
      const names = request.type === 'sign' ? [20, 21] : request.type === 'unload' ? [20] : [0];
      for (const at of names) {
        const wrong = body.slice();
        wrong[at] = 99;
        expect(decodeRequest({ type, id, body: wrong })).toBeUndefined();
      }
    }
    for (let type = 0; type < 256; type++) {
      if (type >= 1 && type <= 4) continue;
      expect(decodeRequest({ type, id: 1, body: message })).toBeUndefined();
    }
  });
});

describe('the server', () => {
  test('answers what it does not understand, and goes on', async () => {
    const answers: KeydAnswer[] = [];
    const server = new KeydServer(new KeyKeeper(), (octets) => {
      const answer = decodeAnswer(only(octets));
      if (answer !== undefined) answers.push(answer);
    });
    expect(answers).toEqual([{ type: 'ready' }]);
    const strange = encodeRequest(1, { type: 'clear', origin: 'vici' });
    strange[4] = 77;
    server.receive(strange);
    server.receive(encodeRequest(2, { type: 'clear', origin: 'vici' }));
    server.receive(encodeRequest(3, { type: 'sign', keyId, scheme: { kind: 'ed25519' }, message }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answers.slice(1)).toEqual([
      { type: 'failed', reason: 'an unknown or malformed request of type 77' },
      { type: 'done', result: new Uint8Array(0) },
      { type: 'failed', reason: `there is no private key ${keyId}` },
    ]);
    expect(server.open).toBe(0);
  });

  test('answers at once, and together, what came together and costs little', async () => {
    const sent: Uint8Array[] = [];
    const keeper = new KeyKeeper();
    const { keyId: own } = await keeper.load({
      data: pkcs8Of(keyPair('ed25519').privateKey),
      origin: 'vici',
      kind: undefined,
      passphrase: undefined,
    });
    const server = new KeydServer(keeper, (octets) => sent.push(octets));
    const sign = (id: number, of: string): Uint8Array =>
      encodeRequest(id, { type: 'sign', keyId: of, scheme: { kind: 'ed25519' }, message });
    server.receive(concatBytes(sign(1, own), sign(2, keyId), sign(3, own)));
    expect(server.open).toBe(0);
    expect(sent).toHaveLength(2);
    const answers = new FrameReader().push(sent[1] ?? new Uint8Array(0));
    expect(answers.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(answers.map((answer) => decodeAnswer(answer)?.type)).toEqual(['done', 'failed', 'done']);
  });

  test('no answer holds a part of the key that was loaded', async () => {
    const sent: Uint8Array[] = [];
    const server = new KeydServer(new KeyKeeper(), (octets) => sent.push(octets));
    const { privateKey } = keyPair('rsa2048');
    const data = pkcs8Of(privateKey);
    const request = {
      type: 'load',
      origin: 'vici',
      kind: undefined,
      passphrase: undefined,
      data,
    } as const;
    server.receive(encodeRequest(1, request));
    for (let i = 0; i < 100 && sent.length < 3; i++) await new Promise((r) => setTimeout(r, 10));
    const { d = '', p = '', q = '' } = privateKey.export({ format: 'jwk' });
    expect(sent).toHaveLength(3);
    const said = Buffer.concat(sent).toString('latin1');
    for (const secret of [d, p, q]) {
      const octets = Buffer.from(secret, 'base64url');
      for (let at = 0; at + 8 <= octets.length; at += 8)
        expect(said.includes(octets.toString('latin1', at, at + 8))).toBe(false);
    }
  });

  test('wipes what it received', () => {
    const server = new KeydServer(new KeyKeeper(), () => undefined);
    const request = encodeRequest(1, { type: 'unload', keyId, origin: 'vici' });
    server.receive(request);
    expect(request.every((octet) => octet === 0)).toBe(true);
    const broken = Uint8Array.of(255, 255, 255, 255, 7, 7);
    expect(() => server.receive(broken)).toThrow(KeydProtocolError);
    expect(broken.every((octet) => octet === 0)).toBe(true);
  });
});
