import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NodeStreams } from '../../../daemon/runtime/node-stream.ts';

test('received octets are plain arrays on both ends, so that slice copies', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stream-'));
  const streams = new NodeStreams();
  const received: Uint8Array[] = [];
  let settled: () => void = () => {};
  const both = new Promise<void>((resolve) => {
    settled = resolve;
  });
  const take = (octets: Uint8Array): void => {
    received.push(octets);
    if (received.length === 2) settled();
  };
  await using _listener = await streams.listen(join(folder, 's'), {}, (server) => {
    server.onData((octets) => {
      take(octets);
      server.write(Uint8Array.of(4, 5));
    });
  });
  const client = await streams.connect(join(folder, 's'));
  client.onData(take);
  client.write(Uint8Array.of(1, 2, 3));
  await both;
  client.destroy();
  rmSync(folder, { recursive: true });

  for (const octets of received) {
    expect(octets.constructor).toBe(Uint8Array);
    const copy = octets.slice();
    octets.fill(0);
    expect(copy.some((octet) => octet !== 0)).toBe(true);
  }
});

test('a descriptor that is no socket is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stream-'));
  const fd = openSync(join(folder, 'file'), 'w');
  const streams = new NodeStreams({ inherited: new Map([['/not/used', fd]]) });
  await expect(streams.listen('/not/used', {}, () => undefined)).rejects.toThrow(
    'cannot serve the socket of the service manager',
  );
  closeSync(fd);
  rmSync(folder, { recursive: true });
});
