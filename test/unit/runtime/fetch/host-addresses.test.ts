import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hostLookup } from '../../../../daemon/runtime/fetch/host-addresses.ts';

const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
const hosts = join(folder, 'hosts');
writeFileSync(
  hosts,
  '# 192.0.2.9 crl.example\n192.0.2.1 CRL.example crl # x\n2001:db8::1\tcrl.example\nzz bad.example\n',
);
afterAll(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;

test('numbers are their own addresses', async () => {
  const lookup = hostLookup(hosts, ['127.0.0.1:1']);
  expect(await lookup('192.0.2.7', never)).toEqual(['192.0.2.7']);
  expect(await lookup('[2001:db8::7]', never)).toEqual(['2001:db8::7']);
});

test('the hosts file comes first', async () => {
  const lookup = hostLookup(hosts, ['127.0.0.1:1']);
  expect(await lookup('crl.Example', never)).toEqual(['192.0.2.1', '2001:db8::1']);
  expect(await lookup('crl', never)).toEqual(['192.0.2.1']);
});

test('a name nobody knows has no address, and neither has one that is asked for too late', async () => {
  const lookup = hostLookup(hosts, ['127.0.0.1:1']);
  expect(await lookup('bad.example', never)).toEqual([]);
  expect(await lookup('unknown.example', AbortSignal.abort())).toEqual([]);
});

test('a name server that says nothing is waited for until the signal', async () => {
  const silent = createSocket('udp4');
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
  const lookup = hostLookup(hosts, [`127.0.0.1:${silent.address().port}`]);
  expect(await lookup('slow.example', AbortSignal.timeout(200))).toEqual([]);
  silent.close();
});
