import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { IpAddress } from '../../../../daemon/proto/ip-address.ts';
import { NodeFetcher } from '../../../../daemon/runtime/node-fetcher.ts';
import { utf8 } from '../../../../daemon/util/bytes.ts';
import { listening, tcpServer } from '../../../support/hostile-servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'https-'));
afterAll(() => rmSync(folder, { recursive: true }));
execFileSync(
  'openssl',
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=crl.example.org -addext subjectAltName=DNS:crl.example.org'.split(
    ' ',
  ),
  { cwd: folder, stdio: 'ignore' },
);
const cert = readFileSync(join(folder, 'cert.pem'), 'utf8');
const key = readFileSync(join(folder, 'key.pem'), 'utf8');
const lookup = async () => ['127.0.0.1' as IpAddress];
const limits = { origin: 'configured', timeLimit: 2000, sizeLimit: 1000, redirects: 3 } as const;

test('an HTTPS server is asked if its certificate is trusted and of its name', async () => {
  await using server = await listening(
    createServer({ cert, key }, (_, answer) => answer.end('over TLS')),
  );
  const trusting = new NodeFetcher({ lookup, httpsAuthorities: [cert] });
  const url = `https://crl.example.org:${server.port}/`;
  expect(await trusting.fetch({ ...limits, url })).toEqual({ ok: true, body: utf8('over TLS') });
  const other = `https://other.example.org:${server.port}/`;
  expect(await trusting.fetch({ ...limits, url: other })).toMatchObject({ ok: false });
  expect(await new NodeFetcher({ lookup }).fetch({ ...limits, url })).toMatchObject({ ok: false });
});

test('a TLS handshake that hangs costs the limit of connecting', async () => {
  await using server = await tcpServer(() => undefined);
  const fetcher = new NodeFetcher({ lookup, connectLimit: 200 });
  const result = await fetcher.fetch({ ...limits, url: `https://crl.example.org:${server.port}/` });
  expect(result).toEqual({ ok: false, reason: expect.stringContaining('no connection within') });
});
