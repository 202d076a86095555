import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flag, list, optional, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { hex32 } from '../../../daemon/util/hex.ts';
import { encodeMessage } from '../../../daemon/vici/message.ts';
import { listKeys, sectionKeys, valueKeys } from '../../../daemon/vici/message-keys.ts';
import { MessageWriter, treeOf } from '../../../daemon/vici/message-writer.ts';
import {
  encodeSegment,
  eventHead,
  MAX_PACKET,
  PacketType,
  writeSegment,
} from '../../../daemon/vici/packet.ts';

const K = valueKeys('k');
const L = listKeys('l');
const S = sectionKeys('s');

/** Something to write, and the entries it stands for. */
interface Step {
  readonly write: (out: MessageWriter) => void;
  readonly entries: Tree;
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    ...[255, 256, 257, 65_535, 65_536].map((length) => 'a'.repeat(length)),
    ...[128, 256, 40_000].map((length) => 'é'.repeat(length)),
    `${'a'.repeat(255)}é`,
  ),
);
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 9, 10, 99, 100, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1, 2 ** 48, 1.5, 1e21),
);
const bigint = fc.oneof(
  fc.bigInt({ min: -10n, max: (1n << 64n) - 1n }),
  fc.constantFrom(0n, 10n, (1n << 48n) - 1n, 1n << 48n),
);
const optionally = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(values, { nil: undefined });

const leaf: fc.Arbitrary<Step> = fc.oneof(
  optionally(text).map((content) => ({
    write: (out: MessageWriter) => out.text(K.k, content),
    entries: optional('k', content),
  })),
  optionally(number).map((content) => ({
    write: (out: MessageWriter) => out.number(K.k, content),
    entries: optional('k', content),
  })),
  bigint.map((content) => ({
    write: (out: MessageWriter) => out.bigint(K.k, content),
    entries: [value('k', content)],
  })),
  fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }).map((content) => ({
    write: (out: MessageWriter) => out.hex32(K.k, content),
    entries: [value('k', hex32(content))],
  })),
  fc.boolean().map((on) => ({
    write: (out: MessageWriter) => out.flag(K.k, on),
    entries: flag('k', on),
  })),
  fc.array(text, { maxLength: 4 }).map((items) => ({
    write: (out: MessageWriter) => out.list(L.l, items),
    entries: [list('l', items)],
  })),
  text.map((content) => ({
    write: (out: MessageWriter) => out.tree([value('t', content)]),
    entries: [value('t', content)],
  })),
);

const several = (steps: fc.Arbitrary<Step>): fc.Arbitrary<Step> =>
  fc.array(steps, { maxLength: 8 }).map((all) => ({
    write: (out) => {
      for (const { write } of all) write(out);
    },
    entries: all.flatMap(({ entries }) => entries),
  }));

const within = (steps: fc.Arbitrary<Step>): fc.Arbitrary<Step> =>
  fc.tuple(optionally(text), several(steps)).map(([name, inner]) => ({
    write: (out) => {
      if (name === undefined) out.section(S.s);
      else out.named(name);
      inner.write(out);
      out.end();
    },
    entries: [section(name ?? 's', inner.entries)],
  }));

const message = several(fc.oneof(leaf, within(fc.oneof(leaf, within(leaf)))));

test('writes the octets of the tree that says the same', () => {
  const out = new MessageWriter();
  fc.assert(
    fc.property(message, ({ write, entries }) => {
      write(out);
      // What was taken is not written to any more.
      const octets = out.take();
      const before = octets.slice();
      write(out);
      expect(Buffer.compare(out.take(), before)).toBe(0);
      expect(Buffer.compare(octets, encodeMessage(entries))).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('what is written can be had as a tree', () => {
  const tree = [section('gw', [value('k', '1'), list('l', ['a', 'b'])]), value('k', 'é')];
  const write = (out: MessageWriter): void => {
    out.named('gw');
    out.number(K.k, 1);
    out.list(L.l, ['a', 'b']);
    out.end();
    out.text(K.k, 'é');
  };
  expect(treeOf(write)).toEqual(tree);
});

test('segments stand one behind the other, and one that fails or is too long leaves the others as they are', () => {
  const out = new MessageWriter();
  const head = eventHead('list-sa');
  const event = (content: string): Uint8Array | undefined =>
    encodeSegment(PacketType.EVENT, 'list-sa', [value('k', content)]);
  const large = value('k', 'x'.repeat(60_000));
  expect(writeSegment(out, head, (to) => to.text(K.k, 'a'))).toBe(true);
  expect(
    writeSegment(
      out,
      head,
      Array.from({ length: 9 }, () => large),
    ),
  ).toBe(false);
  const failing = (to: MessageWriter): void => {
    to.text(K.k, 'lost');
    throw new Error('no');
  };
  expect(() => writeSegment(out, head, failing)).toThrow('no');
  expect(writeSegment(out, head, [value('k', 'b')])).toBe(true);
  expect(out.take()).toEqual(Uint8Array.of(...(event('a') ?? []), ...(event('b') ?? [])));
  // Exactly as long as a packet may be.
  const most = Array.from({ length: 8 }, () => large);
  const room = MAX_PACKET - (encodeSegment(PacketType.EVENT, 'list-sa', most)?.length ?? 0) + 4;
  expect(writeSegment(out, head, [...most, value('k', 'x'.repeat(room - 5))])).toBe(true);
  expect(out.length).toBe(MAX_PACKET + 4);
  out.take();
  expect(writeSegment(out, head, [...most, value('k', 'x'.repeat(room - 4))])).toBe(false);
  expect(out.length).toBe(0);
});

test('what was too long to be sent leaves no large octets for all that follows', () => {
  const out = new MessageWriter();
  const octets = (length: number) => (to: MessageWriter) => to.raw(new Uint8Array(length));
  expect(writeSegment(out, eventHead('list-sa'), octets(8 * MAX_PACKET))).toBe(false);
  octets(1)(out);
  expect(out.take().length).toBe(1);
  octets(5 * MAX_PACKET)(out);
  expect(out.take().buffer.byteLength).toBe(5 * MAX_PACKET);
});
