import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import {
  decodeMessage,
  encodeMessage,
  MessageDecoder,
  messageLength,
} from '../../../daemon/vici/message.ts';
import { encodeSegment, MAX_PACKET, PacketType, readHead } from '../../../daemon/vici/packet.ts';
import { SegmentReader } from '../../../daemon/vici/segments.ts';

const ascii = (text: string): number[] => [...text].map((char) => char.charCodeAt(0));

describe('messages', () => {
  test('have the octets of the protocol', () => {
    const tree = [value('a', 'xy'), list('l', ['1', '']), section('s', [value('', '')])];
    expect([...encodeMessage(tree)]).toEqual([
      3,
      1,
      ...ascii('a'),
      0,
      2,
      ...ascii('xy'),
      4,
      1,
      ...ascii('l'),
      5,
      0,
      1,
      ...ascii('1'),
      5,
      0,
      0,
      6,
      1,
      1,
      ...ascii('s'),
      3,
      0,
      0,
      0,
      2,
    ]);
    expect(decodeMessage(encodeMessage(tree))).toEqual({ tree, broken: false });
  });

  test.each([
    ['a value cut short', [3, 1, 65, 0, 2, 66], 0],
    ['a name cut short', [1, 5, 65], 0],
    ['no length of a value', [3, 1, 65, 0], 0],
    ['an item of a list cut short', [4, 1, 65, 5, 0], 1],
    ['a section in a list', [4, 1, 65, 1, 1, 66], 1],
    ['a value in a list', [4, 1, 65, 3, 1, 66, 0, 0], 1],
    ['a list in a list', [4, 1, 65, 4, 1, 66], 1],
    ['an item outside of a list', [5, 0, 0], 0],
    ['the end of no list', [6], 0],
    ['the end of no section', [3, 1, 65, 0, 0, 2], 1],
    ['type 0', [0], 0],
    ['type 7', [7], 0],
    ['a name that is not printable', [3, 1, 0x7f, 0, 0], 0],
    ['a name beyond ASCII', [1, 2, 0xc3, 0xa4], 0],
  ])('rejects %s and keeps what came before', (_what, octets, entries) => {
    const { tree, broken } = decodeMessage(Uint8Array.from(octets));
    expect([broken, tree.length]).toEqual([true, entries]);
  });

  test('decoding in steps gives the same as in one go', () => {
    const octets = encodeMessage([section('a', [list('x', ['1', '2']), value('y', 'z')])]);
    const decoder = new MessageDecoder(octets);
    const steps: boolean[] = [];
    do steps.push(decoder.step(2));
    while (steps.at(-1) === false);
    // Seven elements; the last step finds the end.
    expect(steps).toEqual([false, false, false, true]);
    expect(decoder.message).toMatchObject(decodeMessage(octets));
  });

  test('the longest names and values fit, longer ones are cut', () => {
    const long = [value('n'.repeat(255), new Uint8Array(65535))];
    expect(decodeMessage(encodeMessage(long)).tree).toEqual(long);
    const cut = decodeMessage(
      encodeMessage([section('ä'.repeat(300), []), value('v', new Uint8Array(70000))]),
    );
    expect(cut.broken).toBe(false);
    expect(cut.tree.map((entry) => entry.name.length)).toEqual([255, 1]);
  });

  test('decoded values do not change with the buffer they came in, SEC-85', () => {
    const octets = encodeMessage([value('a', 'xy'), list('l', ['z'])]);
    const { tree } = decodeMessage(octets);
    octets.fill(0);
    expect(tree).toEqual([value('a', 'xy'), list('l', ['z'])]);
  });
});

const name = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
const octets = fc.uint8Array({ maxLength: 40 });
const trees = fc.letrec<{ tree: Tree; entry: Tree[number] }>((tie) => ({
  tree: fc.array(tie('entry'), { maxLength: 5, depthIdentifier: 'tree' }),
  entry: fc.oneof(
    { depthIdentifier: 'tree', withCrossShrink: true },
    fc.record({ kind: fc.constant('value' as const), name, value: octets }),
    fc.record({
      kind: fc.constant('list' as const),
      name,
      items: fc.array(octets, { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('section' as const), name, entries: tie('tree') }),
  ),
})).tree;

test('what is encoded is decoded again, at the length foretold', () => {
  fc.assert(
    fc.property(trees, (tree) => {
      const encoded = encodeMessage(tree);
      expect(encoded.length).toBe(messageLength(tree));
      expect(decodeMessage(encoded)).toEqual({ tree, broken: false });
    }),
    { seed: 80, numRuns: 500 },
  );
});

test('packets carry type, name and message', () => {
  const segment = encodeSegment(PacketType.EVENT, 'log', [value('msg', 'x')]) ?? new Uint8Array();
  expect(new DataView(segment.buffer).getUint32(0)).toBe(segment.length - 4);
  expect(readHead(segment.subarray(4))).toEqual({ type: 7, name: 'log', offset: 5 });
  expect(
    encodeSegment(
      PacketType.CMD_RESPONSE,
      undefined,
      new Array(8).fill(value('x', new Uint8Array(65535))),
    ),
  ).toBeUndefined();
  expect(readHead(new Uint8Array())).toBeUndefined();
  expect(readHead(Uint8Array.of(1))).toEqual({ type: 1, name: '', offset: 1 });
});

test('packets are found in a stream however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (packets, cuts) => {
        const stream = packets.flatMap((packet) => [
          0,
          0,
          packet.length >> 8,
          packet.length & 255,
          ...packet,
        ]);
        const reader = new SegmentReader();
        const found: number[][] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const cut = cuts[i % cuts.length] ?? 1;
          const result = reader.push(Uint8Array.from(stream.slice(at, at + cut)));
          expect(result.kind).toBe('packets');
          found.push(...result.packets.map((packet) => [...packet]));
          at += cut;
        }
        expect(found).toEqual(packets.map((packet) => [...packet]));
        expect(reader.partial).toBe(false);
      },
    ),
    { seed: 80, numRuns: 300 },
  );
});

test('a length beyond the limit ends the stream, the packets before it count', () => {
  const reader = new SegmentReader();
  const result = reader.push(Uint8Array.of(0, 0, 0, 1, 65, 0, 8, 0, 1));
  expect(result).toMatchObject({ kind: 'too-long', length: MAX_PACKET + 1 });
  expect(result.packets).toHaveLength(1);
});

test('half a megabyte in single octets costs no more than in one piece', () => {
  const reader = new SegmentReader();
  reader.push(Uint8Array.of(0, 8, 0, 0));
  const start = process.cpuUsage().user;
  let packets = 0;
  for (let i = 0; i < MAX_PACKET; i++) packets += reader.push(Uint8Array.of(1)).packets.length;
  expect(packets).toBe(1);
  expect(process.cpuUsage().user - start).toBeLessThan(2_000_000);
});
