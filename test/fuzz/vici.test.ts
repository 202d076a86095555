import { expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../daemon/config/tree.ts';
import { COMMANDS } from '../../daemon/vici/commands/table.ts';
import { decodeMessage, encodeMessage } from '../../daemon/vici/message.ts';
import { encodeSegment, PacketType, readHead } from '../../daemon/vici/packet.ts';
import { SegmentReader } from '../../daemon/vici/segments.ts';
import { connectionConfig } from '../support/connections.ts';
import { mutate, seeded } from '../support/mutate.ts';
import { ViciBench } from '../support/vici.ts';

const psk: Tree = [value('auth', 'psk'), value('id', 'fqdn:^.*\\.example$')];
const CONNECTION: Tree = [
  section('gw', [
    list('remote_addrs', ['10.0.0.1', 'gw.example', '10.0.0.0/8', '::1-::5']),
    list('proposals', ['aes128-sha256-x25519', 'default']),
    value('dpd_delay', '30s'),
    value('if_id_in', '%unique'),
    section('local', psk),
    section('remote', psk),
    section('children', [
      section('net', [
        list('local_ts', ['10.1.0.0/16[tcp/http]', 'dynamic', '10.0.0.1-10.0.0.9[17/5-6]']),
        value('mark_in', '0x10/0xff'),
        value('start_action', 'trap|start'),
        value('life_bytes', '1g'),
      ]),
    ]),
  ]),
];
const SECRET: Tree = [
  value('id', 'k'),
  value('type', 'ike'),
  value('data', 'x'.repeat(32)),
  list('owners', ['a', '%any']),
];
const SELECTOR: Tree = [
  value('ike', 'gw'),
  value('child', 'net'),
  value('timeout', '0x1f'),
  value('force', 'yes'),
];
const TREES = [CONNECTION, SECRET, SELECTOR, []];

test.each([1, 2, 3, 4])(
  'any octets are a message or are broken, and the decoded part encodes, seed %i',
  (seed) => {
    const below = seeded(seed);
    const corpus = TREES.map(encodeMessage);
    let broken = 0;
    for (let i = 0; i < 20_000; i++) {
      const source = corpus[below(corpus.length)] ?? new Uint8Array();
      const decoded = decodeMessage(mutate(source, below));
      if (decoded.broken) broken++;
      expect(decodeMessage(encodeMessage(decoded.tree))).toEqual({
        tree: decoded.tree,
        broken: false,
      });
    }
    // Both ways out must be well trodden, or the inputs test nothing.
    expect(broken).toBeGreaterThan(1000);
    expect(broken).toBeLessThan(19_000);
  },
);

test.each([5, 6])('any stream is cut into packets within the limit, seed %i', (seed) => {
  const below = seeded(seed);
  for (let i = 0; i < 500; i++) {
    const reader = new SegmentReader();
    for (let k = 0; k < 20; k++) {
      const octets = Uint8Array.from({ length: below(100) }, () =>
        below(3) === 0 ? below(256) : 0,
      );
      const result = reader.push(octets);
      for (const packet of result.packets) readHead(packet);
      if (result.kind === 'too-long') break;
    }
  }
});

test.each([7, 8, 9])(
  'a server fed with mutated requests answers and lives, seed %i',
  async (seed) => {
    const below = seeded(seed);
    await using bench = await ViciBench.start();
    await bench.control.loadConnection(connectionConfig('gw'));
    let answered = 0;
    for (let round = 0; round < 20; round++) {
      using client = await bench.raw();
      let expected = 0;
      for (let i = 0; i < 100; i++) {
        const command = COMMANDS[below(COMMANDS.length)]?.name ?? '';
        const message = mutate(encodeMessage(TREES[below(TREES.length)] ?? []), below);
        client.segment([
          PacketType.CMD_REQUEST,
          command.length,
          ...new TextEncoder().encode(command),
          ...message,
        ]);
        expected++;
      }
      for (; expected > 0; expected--) {
        const packet = await client.next();
        expect(packet?.type).toBe(PacketType.CMD_RESPONSE);
        answered++;
      }
      // Mutated packets, heads and all: whatever they do, only to this client.
      const segment =
        encodeSegment(PacketType.CMD_REQUEST, 'load-conn', CONNECTION) ?? new Uint8Array();
      for (let i = 0; i < 20; i++) client.write(mutate(segment, below));
    }
    expect(answered).toBe(2000);
    await using last = await bench.client();
    expect((await last.version()).get('daemon')).toBe('charon');
    const internal = bench.log.lines.filter((line) => line.includes('failed: '));
    expect(internal).toEqual([]);
  },
);
