import { expect, test } from 'vitest';
import { latin1 } from '../../../../daemon/util/bytes.ts';
import { MemoryTerminal, swanctlOn } from '../../../support/swanctl-run.ts';
import { caDer, leafDer, pemOf } from '../../../support/test-certificates.ts';
import { ViciBench } from '../../../support/vici.ts';

const run = (bench: ViciBench, words: string, files: Readonly<Record<string, string>>) =>
  swanctlOn(bench, words.split(' '), new MemoryTerminal(), files);
const pem = (der: Uint8Array): string => latin1(pemOf('CERTIFICATE', der));

const CONF = '/etc/swanctl/swanctl.conf';
const [root, moon] = [pem(caDer('root')), pem(leafDer('moon'))];
const OLD = {
  [CONF]: `
    connections {
      gw { remote_addrs = 192.0.2.2
        remote { auth = psk
                 id = hidden@example }
        children { net { remote_ts = 10.2.0.0/16 }
                   rest { } } }
      same { }
      old { }
    }
    pools { rw { addrs = 10.3.0.0/24 }
            gone { addrs = 10.4.0.0/24 } }
    authorities { ca { cacert = /etc/swanctl/x509ca/root.pem } }
    secrets { ike-1 { secret = x }
              ike-2 { secret = y } }`,
  '/etc/swanctl/x509ca/root.pem': root,
};
const NEW = {
  [CONF]: `
    connections {
      gw { remote_addrs = 192.0.2.2
        dpd_delay = 30
        remote { auth = psk
                 id = other@example }
        children { net { remote_ts = 10.2.0.0/16, 10.5.0.0/16 }
                   more { } } }
      same { }
      fresh { }
    }
    pools { rw { addrs = 10.3.0.0/24
                 dns = 10.3.0.1 } }
    authorities { ca { cacert = /etc/swanctl/x509ca/root.pem
                       crl_uris = http://192.0.2.9/ca.crl } }
    secrets { ike-1 { secret = x }
              ike-3 { secret = z } }`,
  '/etc/swanctl/x509ca/root.pem': root,
  '/etc/swanctl/x509/moon.pem': moon,
};

const PLAN = [
  "certificate from '/etc/swanctl/x509/moon.pem' would be added",
  "secret 'ike-3' would be added",
  "secret 'ike-2' would be removed",
  'credentials: 1 certificates added, 1 unchanged; 1 secrets added, 1 removed, 1 loaded again; 0 files of private keys loaded again; nothing was changed',
  "authority 'ca' would be replaced: crl_uris",
  'authorities: 0 added, 0 updated, 1 replaced, 0 removed, 0 unchanged; nothing was changed',
  "pool 'rw' would be updated: dns",
  "pool 'gone' would be removed",
  'pools: 0 added, 1 updated, 0 replaced, 1 removed, 0 unchanged; nothing was changed',
  "connection 'gw' would be replaced: dpd_delay, remote-1.id; child 'net' (remote_ts); child 'more' added; child 'rest' removed",
  "connection 'fresh' would be added",
  "connection 'old' would be removed",
  'connections: 1 added, 0 updated, 1 replaced, 1 removed, 1 unchanged; nothing was changed',
];

test('--load-all --dry-run prints the diff and changes nothing', async () => {
  await using bench = await ViciBench.start();
  expect(await run(bench, '--load-all', OLD)).toMatchObject({ code: 0 });
  const lines = bench.log.lines.length;
  const connections = bench.control.connections();
  const planned = await run(bench, '--load-all --dry-run', NEW);
  expect(planned.stdout.trimEnd().split('\n')).toEqual(PLAN);
  expect(planned.code).toBe(0);
  expect(planned.stdout).not.toContain('example');
  expect(bench.control.connections()).toEqual(connections);
  expect([...bench.credentials.list({ type: 'X509' })]).toHaveLength(1);
  expect(bench.control.pools.list(undefined, false)).toHaveLength(2);
  expect(bench.log.lines).toHaveLength(lines);
  // What was planned is what happens, after which nothing is left to do.
  expect(await run(bench, '--load-all', NEW)).toMatchObject({ code: 0 });
  const again = await run(bench, '--load-all --dry-run', NEW);
  expect(again.stdout.split('\n').filter((line) => line.includes('would'))).toEqual([]);
});

test('--load-conns --dry-run goes on where loading would fail, and fails', async () => {
  await using bench = await ViciBench.start();
  const files = { [CONF]: 'connections { a { dpd_delay = soon } \n b { } }' };
  const planned = await run(bench, '--load-conns --dry-run', files);
  expect(planned.stderr).toMatch(/^connection 'a' would fail: invalid value for: dpd_delay/);
  expect(planned.stdout).toContain("connection 'b' would be added\n");
  expect(planned.stdout).toContain(
    '1 added, 0 updated, 0 replaced, 0 removed, 0 unchanged, 1 would fail',
  );
  expect(planned.code).toBe(22);
  expect(bench.control.connections()).toEqual([]);
});

test('--raw prints what the daemon answers', async () => {
  await using bench = await ViciBench.start();
  const files = { [CONF]: 'connections { a { } }' };
  expect((await run(bench, '--load-conns --dry-run --raw', files)).stdout).toContain(
    'diff-conn reply {success=yes changes {a {outcome=added}}}',
  );
  expect(bench.control.connections()).toEqual([]);
});
