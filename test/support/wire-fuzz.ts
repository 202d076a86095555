import fc from 'fast-check';
import type { Message } from '../../daemon/proto/payload.ts';
import { concatBytes, equalBytes } from '../../daemon/util/bytes.ts';
import { toHex } from '../../daemon/util/hex.ts';
import { DecodeError } from '../../daemon/wire/decode-error.ts';
import { describeMessage } from '../../daemon/wire/describe.ts';
import { fragmentNumber, isFragment, Reassembler } from '../../daemon/wire/fragments.ts';
import { parseHeader } from '../../daemon/wire/header.ts';
import { peekInitRequest } from '../../daemon/wire/init-peek.ts';
import {
  encodeFragmented,
  encodeMessage,
  isClearExchange,
  parseMessage,
} from '../../daemon/wire/message.ts';
import { checkMessage } from '../../daemon/wire/message-rules.ts';
import { arbitraryMessage } from './arbitrary-message.ts';
import { ToyProtection } from './toy-protection.ts';
import { datagramWith, payloadOctets, protectedWith } from './wire.ts';

const HEADER = 28;
const SK = 46;
const SKF = 53;
const INTERESTING = [0, 1, 2, 3, 4, 7, 8, 0x10, 0x20, 0x21, 0x29, 0x2e, 0x35, 0x7f, 0x80, 0xff];
const LENGTHS = [0, 1, 3, 4, 5, 7, 8, 9, 0x0c, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff];
const MAX_OCTETS = 0xffff;

/** How many inputs ended how, and the slowest of them. */
export interface FuzzOutcome {
  accepted: number;
  refused: number;
  /** Slowest input in milliseconds per (started) kilobyte, as first measured: pauses of the process included. */
  slowestOnce: number;
  /** The same after those above the limit were measured again, the fastest of several runs. */
  slowest: number;
  octets: number;
}

/** Limit on the time for one input, in milliseconds per started kilobyte. */
export const LIMIT_PER_KILOBYTE = 1;

const REPEATS = 15;

/** A repeatable stream of numbers (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Datagrams to mutate: generated messages, and whatever the caller adds (captures). */
export function corpus(seed: number, extra: readonly Uint8Array[] = []): Uint8Array[] {
  const messages = fc.sample(arbitraryMessage, { seed, numRuns: 200 });
  const generated = messages.map((message) =>
    encodeMessage({ ...message, exchange: 34, messageId: 0 }, undefined),
  );
  return [...generated, ...extra];
}

/**
 * Feeds `count` random and mutated inputs to everything that reads the wire: in the clear, correctly sealed with a
 * mutated content, and as fragments. Throws, with seed and octets, at the first exception that is no DecodeError
 * and at the first accepted message that does not survive encoding.
 */
export function fuzzWire(seed: number, count: number, seeds: readonly Uint8Array[]): FuzzOutcome {
  const random = randomFrom(seed);
  const outcome: FuzzOutcome = { accepted: 0, refused: 0, slowestOnce: 0, slowest: 0, octets: 0 };
  const protection = new ToyProtection();
  const reassembler = new Reassembler();
  for (let index = 0; index < count; index++) {
    const input = nextInput(random, seeds, protection);
    outcome.octets += input.length;
    try {
      feedTimed(input, protection, reassembler, outcome);
    } catch (error) {
      const place = `seed ${seed}, input ${index}: ${toHex(input.subarray(0, 4096))}`;
      throw new Error(`${String(error)} (${place})`, { cause: error });
    }
  }
  return outcome;
}

function feedTimed(
  input: Uint8Array,
  protection: ToyProtection,
  reassembler: Reassembler,
  outcome: FuzzOutcome,
): void {
  const kilobytes = Math.max(1, Math.ceil(input.length / 1024));
  const measure = (target: Reassembler): [result: Message | undefined, perKilobyte: number] => {
    const start = performance.now();
    const result = read(input, protection, target);
    return [result, (performance.now() - start) / kilobytes];
  };
  const [message, first] = measure(reassembler);
  if (message === undefined) outcome.refused++;
  else {
    outcome.accepted++;
    survivesEncoding(message);
  }
  outcome.slowestOnce = Math.max(outcome.slowestOnce, first);
  let fastest = first;
  // A pause of the process is not the input's fault; a slow input stays slow.
  for (let i = 0; fastest > LIMIT_PER_KILOBYTE / 4 && i < REPEATS; i++) {
    fastest = Math.min(fastest, measure(new Reassembler())[1]);
  }
  outcome.slowest = Math.max(outcome.slowest, fastest);
}

/** Everything that happens to a datagram; `undefined` if it was refused. */
function read(
  input: Uint8Array,
  protection: ToyProtection,
  reassembler: Reassembler,
): Message | undefined {
  peekInitRequest(input);
  try {
    const header = parseHeader(input);
    if (isFragment(header, input)) {
      fragmentNumber(header, input);
      const whole = reassembler.add(input, header, protection);
      if (whole !== undefined) describeMessage(whole);
      return whole;
    }
    const keys = isClearExchange(header.exchange) ? undefined : protection;
    const message = parseMessage(input, header, keys);
    describeMessage(message);
    try {
      checkMessage(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
    return message;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

// What was understood must be writable, and mean the same when read again.
function survivesEncoding(message: Message): void {
  // Selectors of unknown types are dropped on reading; a payload without any is not written.
  const isWritable = message.payloads.every(
    (payload) =>
      !(payload.kind === 'TSi' || payload.kind === 'TSr') || payload.selectors.length > 0,
  );
  if (!isWritable) return;
  const clear = { ...message, exchange: 34 };
  const once = encodeMessage(clear, undefined);
  const again = encodeMessage(parseMessage(once, parseHeader(once), undefined), undefined);
  if (!equalBytes(once, again)) throw new Error('decoding the encoded message gives another one');
}

type Random = (below: number) => number;

function nextInput(
  random: Random,
  seeds: readonly Uint8Array[],
  protection: ToyProtection,
): Uint8Array {
  const base = pick(random, seeds);
  switch (random(8)) {
    case 0:
      return randomOctets(random, random(200));
    case 1:
      return withLength(mutate(random, base));
    case 2:
      return mutate(random, base);
    case 3:
      return plausibleHeader(random, randomOctets(random, random(300)));
    case 4:
      return splitIntoFragment(random, base, protection);
    case 5:
      return repeated(random, base);
    default:
      return sealedContent(mutate(random, base.subarray(HEADER)), base[16] ?? 0, protection);
  }
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random(values.length)] as T;
}

function randomOctets(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

/** One to four changes of the kinds that find length and count errors. */
function mutate(random: Random, source: Uint8Array): Uint8Array {
  let bytes: Uint8Array = source.slice();
  for (let changes = 1 + random(4); changes > 0; changes--) {
    if (bytes.length === 0) return randomOctets(random, random(40));
    const at = random(bytes.length);
    switch (random(8)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        bytes[at] = pick(random, INTERESTING);
        break;
      case 2:
        if (at + 1 < bytes.length)
          new DataView(bytes.buffer, bytes.byteOffset).setUint16(at, pick(random, LENGTHS));
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = concatBytes(
          bytes.subarray(0, at),
          randomOctets(random, random(20)),
          bytes.subarray(at),
        );
        break;
      case 5:
        bytes = concatBytes(bytes.subarray(0, at), bytes.subarray(at + random(20)));
        break;
      case 6:
        bytes = concatBytes(bytes, bytes.subarray(at, at + random(200)));
        break;
      default:
        bytes[at] = random(256);
    }
  }
  return bytes;
}

function withLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= HEADER) new DataView(bytes.buffer).setUint32(24, bytes.length);
  return bytes;
}

function plausibleHeader(random: Random, body: Uint8Array): Uint8Array {
  return datagramWith(33 + random(22), body, { exchange: 34, isResponse: random(2) === 1 });
}

/** Sealed correctly, so that the content is what is tested and not the checksum. */
function sealedContent(
  content: Uint8Array,
  firstType: number,
  protection: ToyProtection,
): Uint8Array {
  const padded = concatBytes(content.subarray(0, 60_000), Uint8Array.of(0));
  const room = protection.ivOctets + padded.length + protection.icvOctets;
  const empty = payloadOctets(new Uint8Array(room), 0, firstType);
  const bytes = datagramWith(SK, empty, protectedWith([]));
  bytes.set(protection.seal(bytes.slice(0, 32), padded), 32);
  return bytes;
}

function splitIntoFragment(
  random: Random,
  base: Uint8Array,
  protection: ToyProtection,
): Uint8Array {
  if (random(4) === 0) {
    const parts = encodeFragmented(
      protectedWith([{ kind: 'Vendor', data: base.slice(0, 3000) }], { messageId: random(3) }),
      protection,
      100 + random(300),
    );
    const part = pick(random, parts);
    return random(2) === 0 ? part : withLength(mutate(random, part));
  }
  // Small totals of few messages, so that sets do become complete.
  const fields = Uint8Array.of(0, random(4), 0, random(4));
  const content = concatBytes(randomOctets(random, random(30)), Uint8Array.of(random(3)));
  const room = new Uint8Array(protection.ivOctets + content.length + protection.icvOctets);
  const payload = payloadOctets(concatBytes(fields, room), 0, 33 + random(16));
  const bytes = datagramWith(SKF, payload, protectedWith([], { messageId: random(3) }));
  bytes.set(protection.seal(bytes.slice(0, 36), content), 36);
  return bytes;
}

/** A slice many times over, up to the largest datagram: what would show quadratic work. */
function repeated(random: Random, base: Uint8Array): Uint8Array {
  const from = HEADER + random(Math.max(1, base.length - HEADER));
  const unit = base.subarray(from, from + 1 + random(64));
  // Seldom: these are hundreds of times as large as all others.
  const wanted = random(50) === 0 ? random(MAX_OCTETS - 200) : random(1500);
  const times = unit.length === 0 ? 0 : Math.floor(wanted / unit.length);
  const bytes = new Uint8Array(base.length + times * unit.length);
  bytes.set(base);
  for (let i = 0; i < times; i++) bytes.set(unit, base.length + i * unit.length);
  return withLength(bytes.slice(0, MAX_OCTETS));
}
