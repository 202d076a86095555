import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NodeStreams } from '../../../daemon/runtime/node-stream.ts';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { keyPair, pkcs8Of } from '../../support/private-keys.ts';
import { ViciClient } from '../../support/vici-client.ts';

const conf = (keyd: string): string => `charon {
  port = 0
  port_nat_t = 0
  keyd { ${keyd} }
  plugins { vici { socket = unix://@/charon.vici } kernel-null { load = yes } }
}
`;

/** Octets of a secret that are looked for: enough to be no accident. */
const WINDOW = 16;

/** Pieces of the secret numbers of a key: as DER has them, as OpenSSL keeps them, and as PEM. */
function secretsOf(key: ReturnType<typeof keyPair>['privateKey']): ReadonlyMap<string, Buffer> {
  const pieces = new Map<string, Buffer>();
  const jwk = key.export({ format: 'jwk' });
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
    const number = Buffer.from(jwk[name] ?? '', 'base64url');
    for (let at = 0; at + WINDOW <= number.length; at += WINDOW) {
      const piece = number.subarray(at, at + WINDOW);
      pieces.set(`${name} at ${at}`, piece);
      pieces.set(`${name} at ${at}, turned round`, Buffer.from(piece.toReversed()));
    }
  }
  const lines = key.export({ type: 'pkcs8', format: 'pem' }).toString().split('\n');
  // the first lines are the public modulus
  for (const [n, line] of lines.slice(8, -2).entries())
    pieces.set(`PEM line ${n + 8}`, Buffer.from(line));
  return pieces;
}

const CHUNK = 4 << 20;

/** Which of the pieces are anywhere in the memory of a process that can be written, what was freed included. */
function searchMemory(pid: number, pieces: ReadonlyMap<string, Buffer>): string[] {
  const names = new Map(
    [...pieces].map(([name, piece]) => [piece.toString('latin1', 0, WINDOW), name]),
  );
  const starts = new Uint8Array(1 << 16);
  for (const piece of pieces.values()) starts[piece.readUInt16LE(0)] = 1;
  const found = new Set<string>();
  const octets = Buffer.alloc(CHUNK);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [range = '', mode = ''] = line.split(' ');
      if (!mode.startsWith('rw')) continue;
      const [start = 0, end = 0] = range.split('-').map((text) => Number.parseInt(text, 16));
      for (let at = start; at < end; at += CHUNK - WINDOW) {
        let read = 0;
        try {
          read = readSync(memory, octets, 0, Math.min(CHUNK, end - at), at);
        } catch {
          break; // not there any more
        }
        for (let i = 0; i + WINDOW <= read; i++) {
          if (starts[(octets[i] ?? 0) | ((octets[i + 1] ?? 0) << 8)] === 0) continue;
          const name = names.get(octets.toString('latin1', i, i + WINDOW));
          if (name !== undefined) found.add(name);
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return [...found];
}

const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return (
          readFileSync(`/proc/${name}/stat`, 'latin1').split(') ')[1]?.split(' ')[1] === `${pid}`
        );
      } catch {
        return false;
      }
    })
    .map(Number);

async function loaded(
  daemon: DaemonProcess,
  key: ReturnType<typeof keyPair>['privateKey'],
): Promise<void> {
  await daemon.says('serving VICI at');
  await using client = await ViciClient.connect(new NodeStreams(), daemon.socket);
  const forms = [
    pkcs8Of(key),
    new Uint8Array(Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }))),
  ];
  for (const data of forms) {
    const answer = await client.call('load-key', { type: 'rsa', data });
    expect(answer.get('success')).toBe('yes');
  }
  // spoiled ones leave nothing behind either
  const spoiled = pkcs8Of(key).subarray(0, -1);
  expect((await client.call('load-key', { type: 'rsa', data: spoiled })).get('success')).toBe('no');
}

const { privateKey } = keyPair('rsa2048');
const secrets = secretsOf(privateKey);
const options = { timeout: 240_000 };

test(
  'E3: the memory of a daemon that loaded a private key holds no part of it',
  options,
  async () => {
    await using daemon = new DaemonProcess(conf('in_process = no'));
    await loaded(daemon, privateKey);
    const [keyd] = childrenOf(daemon.pid);
    if (keyd === undefined) throw new Error('no key process');
    expect(searchMemory(daemon.pid, secrets)).toEqual([]);
    // the search finds what is there: in the process that keeps the key
    expect(searchMemory(keyd, secrets).length).toBeGreaterThan(20);
  },
);

test('the key process ends with a daemon that is killed', options, async () => {
  await using daemon = new DaemonProcess(conf('in_process = no'));
  await loaded(daemon, privateKey);
  const [keyd = 0] = childrenOf(daemon.pid);
  daemon.kill('SIGKILL');
  await daemon.ended;
  const alive = (): boolean => {
    try {
      process.kill(keyd, 0);
      return !/^State:\s*Z/m.test(readFileSync(`/proc/${keyd}/status`, 'latin1'));
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 300 && alive(); i++) await new Promise((r) => setTimeout(r, 10));
  expect(alive()).toBe(false);
});
