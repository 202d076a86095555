import {
  type Libcrypto,
  LibcryptoKem,
  LibcryptoMethod,
  loadLibcrypto,
} from '../../native/libcrypto.ts';

/** Lengths around everything that the addon computes with them. */
const LENGTHS = [
  0,
  1,
  15,
  16,
  17,
  63,
  64,
  65,
  129,
  4096,
  147_000,
  147_455,
  147_456,
  147_457,
  2 ** 31,
  2 ** 32 - 1,
];

/** Calls all of the addon with every mixture of good and absurd numbers, over octets that a peer might have chosen. */
export function hurtLibcrypto(): void {
  const addon = loadLibcrypto();
  const octets = new Uint8Array(addon.memory);
  let state = 1;
  const noise = (length: number): void => {
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      octets[i] = state >>> 24;
    }
  };
  noise(octets.length);
  const functions = Object.entries(addon).filter(([, value]) => typeof value === 'function');
  for (const [name, call] of functions) {
    const numbers = argumentsOf(name) === 1 ? [] : LENGTHS;
    for (let first = 0; first < 9; first++) {
      for (const second of [...numbers, 12])
        for (const third of [...numbers, 8])
          Reflect.apply(call, undefined, [first, second, third, 16].slice(0, argumentsOf(name)));
    }
    for (const bad of [undefined, null, {}, 'x', Number.NaN, -1, 1.5, 2 ** 40, octets])
      Reflect.apply(call, undefined, [bad, bad, bad, bad].slice(0, argumentsOf(name)));
    Reflect.apply(call, undefined, []);
    Reflect.apply(call, undefined, new Array(20).fill(1));
  }
  for (let round = 0; round < 20; round++) exchanges(addon, noise);
}

function exchanges(addon: Libcrypto, noise: (length: number) => void): void {
  for (const { number, keyOctets } of Object.values(LibcryptoKem)) {
    noise(keyOctets);
    addon.encapsulate(number);
  }
  for (const { number } of Object.values(LibcryptoMethod)) {
    for (const call of [addon.derive, addon.respond, addon.publish]) {
      noise(1100);
      call(number);
    }
  }
}

function argumentsOf(name: string): number {
  if (name === 'digest') return 2;
  if (name === 'hmac' || name === 'cbc') return 3;
  return name === 'expand' || name === 'seal' || name === 'open' ? 4 : 1;
}
