import { expect, test } from 'vitest';
import type { Message } from '../../../daemon/proto/payload.ts';
import { Reassembler } from '../../../daemon/wire/fragments.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeFragmented, encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { splitAnew } from '../../../daemon/wire/refragment.ts';
import { ToyProtection } from '../../support/toy-protection.ts';
import { protectedWith } from '../../support/wire.ts';

const protection = new ToyProtection();
const data = Uint8Array.from({ length: 2500 }, (_, i) => i & 0xff);
const message = protectedWith([{ kind: 'CERT', encoding: 4, data }], { messageId: 2 });

function whole(datagrams: readonly Uint8Array[]): Message | undefined {
  const reassembler = new Reassembler();
  return datagrams
    .map((part) => reassembler.add(part, parseHeader(part), protection))
    .findLast((one) => one !== undefined);
}

test('fragments become smaller ones of the same message', () => {
  const large = encodeFragmented(message, protection, 1200);
  const small = splitAnew(large, protection, 500);
  expect(large).toHaveLength(3);
  expect(small.length).toBeGreaterThan(5);
  expect(small.every(({ length }) => length <= 500)).toBe(true);
  const [first] = small;
  expect(first && parseHeader(first)).toMatchObject({ messageId: 2, exchange: message.exchange });
  expect(whole(small)?.payloads).toEqual(message.payloads);
});

test('so does a message that was not split yet', () => {
  const small = splitAnew([encodeMessage(message, protection)], protection, 900);
  expect(whole(small)?.payloads).toEqual(message.payloads);
});

test('what is small enough stays the same octets', () => {
  const datagrams = encodeFragmented(message, protection, 700);
  expect(splitAnew(datagrams, protection, 700)).toBe(datagrams);
});

test('what is not all there stays as it is', () => {
  const [first = new Uint8Array()] = encodeFragmented(message, protection, 1200);
  expect(splitAnew([first], protection, 500)).toEqual([first]);
  const alone = encodeMessage(message, protection);
  expect(parseMessage(alone, parseHeader(alone), protection).payloads).toEqual(message.payloads);
});

// A receiver that has some of the old ones must not put them together with the new ones.
test.each([600, 650, 700])('there are more of them than there were of %i octets', (size) => {
  const old = encodeFragmented(message, protection, size);
  const small = splitAnew(old, protection, size - 20);
  expect(small.length).toBeGreaterThan(old.length);
  const mixed = [...old.slice(0, -1), ...small];
  expect(whole(mixed)?.payloads).toEqual(message.payloads);
});
