import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import {
  LibcryptoCipher,
  LibcryptoHash,
  LibcryptoMethod,
  LibcryptoStatus,
  loadLibcrypto,
} from '../../../native/libcrypto.ts';

const addon = loadLibcrypto();
const octets = new Uint8Array(addon.memory);
const { DONE, REFUSED, MISUSED } = LibcryptoStatus;

test('it is the OpenSSL of this process', () => {
  expect(addon.version).toBe(process.versions.openssl);
});

test('numbers that fit no algorithm or do not fit into the memory are refused, and nothing is written', () => {
  const room = octets.length;
  octets.fill(7);
  for (const status of [
    addon.digest(LibcryptoHash.SHA256, room + 1),
    addon.digest(LibcryptoHash.SHA256, -1),
    addon.hmac(LibcryptoHash.SHA256, room, 1),
    addon.hmac(LibcryptoHash.SHA256, 2 ** 32 - 1, 2),
    addon.expand(LibcryptoHash.SHA1, 1, 1, 255 * 20 + 1),
    addon.expand(LibcryptoHash.SHA1, 1, room - 20, 20),
    addon.seal(LibcryptoCipher.AES_128_GCM, 17, 0, 0),
    addon.seal(LibcryptoCipher.AES_128_GCM, 0, 0, 0),
    addon.seal(LibcryptoCipher.AES_128_GCM, 16, 0, room - 16 - 12 - 15),
    addon.open(LibcryptoCipher.AES_256_GCM, 16, 2 ** 32 - 40, 0),
    addon.cbc(LibcryptoCipher.AES_128_CBC, 1, 15),
    addon.cbc(LibcryptoCipher.AES_128_CBC, 1, room),
    addon.forget(7),
    addon.generate(8),
    addon.publish(8),
    addon.derive(2 ** 31),
    addon.respond(8),
  ])
    expect(status).toBe(MISUSED);
  expect(octets.every((octet) => octet === 7)).toBe(true);
  // An AEAD is no CBC cipher and the other way round; there are four hash functions.
  expect(addon.cbc(LibcryptoCipher.AES_128_GCM, 1, 16)).not.toBe(DONE);
  expect(addon.seal(LibcryptoCipher.AES_128_CBC, 16, 0, 16)).not.toBe(DONE);
  expect(addon.digest(4, 1)).not.toBe(DONE);
});

test('anything but the right count of numbers is refused', () => {
  const call = (...values: unknown[]): unknown => Reflect.apply(addon.digest, undefined, values);
  for (const values of [[], [1], ['1', 1], [1, {}], [1, undefined], [1, octets]])
    expect(call(...values)).toBe(MISUSED);
});

test('keys and inputs are gone from the memory after a call', () => {
  const untouched = octets.length;
  const after = (call: () => number, inputs: number, outputs: readonly [number, number]): void => {
    octets.fill(0).fill(0x55, 0, inputs);
    expect(call()).toBe(DONE);
    const rest = octets.filter((_, i) => i < outputs[0] || i >= outputs[1]);
    expect(rest.every((octet) => octet === 0)).toBe(true);
    expect(octets).toHaveLength(untouched);
  };
  after(() => addon.hmac(LibcryptoHash.SHA256, 32, 300), 332, [0, 32]);
  after(() => addon.expand(LibcryptoHash.SHA256, 32, 80, 136), 112, [0, 136]);
  after(() => addon.expand(LibcryptoHash.SHA256, 32, 80, 5), 112, [0, 5]);
  after(() => addon.seal(LibcryptoCipher.AES_128_GCM, 16, 28, 40), 96, [56, 112]);
  after(() => addon.cbc(LibcryptoCipher.AES_256_CBC, 0, 64), 112, [48, 112]);
});

test('a private key is gone after its secret was derived', () => {
  const { number, privateOctets, publicOctets } = LibcryptoMethod.ECP_256;
  expect(addon.generate(number)).toBe(DONE);
  const key = octets.slice(0, privateOctets);
  octets.copyWithin(privateOctets + publicOctets, privateOctets, privateOctets + publicOctets);
  expect(addon.derive(number)).toBe(DONE);
  expect(octets.slice(0, privateOctets)).not.toEqual(key);
  octets.fill(0xff, 0, 200);
  expect(addon.respond(number)).toBe(REFUSED);
});

test('text that was forged is wiped before anybody can read it', () => {
  octets.fill(9, 0, 200);
  expect(addon.open(LibcryptoCipher.AES_128_GCM, 16, 4, 100)).toBe(REFUSED);
  expect(octets.subarray(0, 32 + 100).every((octet) => octet === 0)).toBe(true);
});

test('every thread has memory of its own', async () => {
  const script = `
    import { loadLibcrypto } from ${JSON.stringify(new URL('../../../native/libcrypto.ts', import.meta.url).href)};
    import { parentPort } from 'node:worker_threads';
    const addon = loadLibcrypto();
    new Uint8Array(addon.memory).fill(1);
    parentPort.postMessage([addon.digest(1, 10), addon.respond(0)]);
  `;
  octets.fill(2, 0, 10);
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(url);
    const [status, responded] = await new Promise<readonly number[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect([status, responded]).toEqual([DONE, DONE]);
    await worker.terminate();
  }
  expect(octets.subarray(0, 10)).toEqual(new Uint8Array(10).fill(2));
});
