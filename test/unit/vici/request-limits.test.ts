import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { encodeMessage } from '../../../daemon/vici/message.ts';
import { MAX_PACKET, PacketType as P } from '../../../daemon/vici/packet.ts';
import { MAX_ELEMENTS, MAX_PART, tooManyElements } from '../../../daemon/vici/request-limits.ts';
import { ask, ViciBench } from '../../support/vici.ts';

const refused = (tree: Tree): string | undefined => tooManyElements(encodeMessage(tree), 0);
const items = (count: number): string[] => new Array<string>(count).fill('');

describe('elements of a request are counted before it is decoded', () => {
  test('512 KiB of ordinary connections are not too many', () => {
    const connections = Array.from({ length: 2000 }, (_, i) =>
      section(`site${i}`, [
        list('remote_addrs', ['192.0.2.1']),
        section('local', [value('auth', 'psk'), value('id', 'moon')]),
        section('remote', [value('auth', 'psk'), value('id', `sun${i}.strongswan.org`)]),
        section('children', [section('net', [list('remote_ts', [`10.1.${i & 255}.0/24`])])]),
      ]),
    );
    const octets = encodeMessage(connections);
    expect(octets.length).toBeGreaterThan(MAX_PACKET / 2);
    expect(tooManyElements(octets, 0)).toBeUndefined();
  });

  test('one list may have as many items as one part has elements', () => {
    expect(refused([list('x', items(MAX_PART - 1))])).toBeUndefined();
    expect(refused([list('x', items(MAX_PART))])).toBe(
      `a section or list of more than ${MAX_PART} elements is not taken`,
    );
    expect(refused([section('a', [list('x', items(MAX_PART))])])).toMatch(/more than 16384/);
  });

  test('several lists may not have more elements than a request', () => {
    const lists = (count: number): Tree =>
      Array.from({ length: count }, (_, i) => list(`x${i}`, items(16_000)));
    expect(refused(lists(4))).toBeUndefined();
    expect(refused(lists(5))).toBe(
      `a request of more than ${MAX_ELEMENTS} elements: send it in several`,
    );
  });

  test('values without end and unknown types are left to the decoder', () => {
    const octets = new Uint8Array(MAX_PART * 4).fill(3);
    expect(tooManyElements(octets, 0)).toBeUndefined();
    expect(tooManyElements(octets.fill(9), 0)).toBeUndefined();
  });
});

test('a request with too many elements gets an error, not a closed socket, and others are served', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  expect(await ask(client, 'get-conns', [list('x', items(170_000))])).toEqual([
    ['success', 'no'],
    ['errmsg', `a section or list of more than ${MAX_PART} elements is not taken`],
  ]);
  expect(await ask(client, 'get-conns')).toEqual([['conns', []]]);
});

test('SEC-82 the largest request that is taken is decoded in slices: others are answered in between', async () => {
  await using bench = await ViciBench.start();
  using greedy = await bench.raw();
  using other = await bench.raw();
  const lists = Array.from({ length: 4 }, (_, i) => list(`x${i}`, items(16_000)));
  let turns = 0;
  const next = (): void => {
    turns++;
    if (!done) setImmediate(next);
  };
  let done = false;
  setImmediate(next);
  greedy.send(P.CMD_REQUEST, 'get-conns', lists);
  await ask(other, 'get-conns');
  expect((await greedy.next())?.type).toBe(P.CMD_RESPONSE);
  done = true;
  // 64 000 elements, no more than 4096 of them in a turn.
  expect(turns).toBeGreaterThan(64_000 / 4096);
});
