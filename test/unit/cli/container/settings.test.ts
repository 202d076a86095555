import { expect, test } from 'vitest';
import {
  filesOf,
  hintFor,
  strongswanConf,
  withoutFiles,
} from '../../../../daemon/cli/container/settings.ts';
import { asUser, DAEMON_USER, idsOf, KEYS_USER } from '../../../../daemon/cli/container/users.ts';
import { resolveOptions } from '../../../../daemon/config/resolve-options.ts';
import { readConfFile } from '../../../../daemon/config/strongswan-conf.ts';
import { MemoryFiles } from '../../../support/memory-files.ts';

const ENVIRONMENT = new Map([
  ['CHARON_SWANCTL_CONF', 'secrets { ike { secret = x } }'],
  ['CHARON_STRONGSWAN_CONF', ''],
  ['PATH', '/bin'],
]);

test('variables become files, empty ones none', () => {
  expect(filesOf(ENVIRONMENT)).toEqual([
    {
      path: '/run/charon-ts.d/swanctl.conf',
      content: 'secrets { ike { secret = x } }\n',
    },
  ]);
});

test('what is started does not see them, because of their secrets', () => {
  expect(withoutFiles(ENVIRONMENT)).toEqual({ PATH: '/bin' });
});

test("the socket is where the daemon may make it, unless the operator's file says otherwise", () => {
  const files = new MemoryFiles({
    '/run/c.conf': strongswanConf('/etc/strongswan.conf'),
    '/etc/strongswan.conf': 'charon { port = 1 }\n',
    '/run/charon-ts.d/strongswan.conf': 'charon { port_nat_t = 2 }\n',
  });
  const { options } = resolveOptions(readConfFile('/run/c.conf', files), 'charon-systemd');
  expect(options['plugins.vici.socket']).toBe('unix:///run/charon-ts/charon.vici');
  expect(options.port).toBe(1);
  expect(options.port_nat_t).toBe(2);
});

test('the daemon keeps two capabilities, what keeps keys none', () => {
  expect(asUser(DAEMON_USER, ['node']).join(' ')).toContain(
    '--ambient-caps=-all,+net_admin,+net_bind_service --bounding-set=-all,+net_admin,+net_bind_service -- node',
  );
  expect(asUser(KEYS_USER, ['node'])).toContain('--ambient-caps=-all');
});

test('users are looked up by name', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\ncharon-ts:x:10500:10501::/:/bin/false\n';
  expect(idsOf(passwd, 'charon-ts')).toEqual({ uid: 10500, gid: 10501 });
  expect(idsOf(passwd, 'charon')).toBeUndefined();
});

test('exit codes that mean something else in a container have a hint', () => {
  expect(hintFor(6)).toContain('modprobe');
  expect(hintFor(4)).toContain('--network host');
  expect(hintFor(0)).toBeUndefined();
});
