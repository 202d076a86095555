import { expect, test } from 'vitest';
import {
  type PreflightFacts,
  type PreflightResult,
  preflight,
} from '../../../../daemon/cli/container/preflight.ts';

const BITS = { chown: 0, kill: 5, setgid: 6, setuid: 7, setpcap: 8, bind: 10, admin: 12 };
type Bit = keyof typeof BITS;
const ALL = Object.keys(BITS) as readonly Bit[];

function judge(
  without: readonly Bit[],
  settings: Readonly<Record<string, string>> = {},
  changes: Partial<PreflightFacts> = {},
): PreflightResult {
  const capabilities = ALL.filter((bit) => !without.includes(bit))
    .map((bit) => 1n << BigInt(BITS[bit]))
    .reduce((set, bit) => set | bit, 0n);
  const sysctls: Readonly<Record<string, string>> = { 'net/ipv4/ip_forward': '1', ...settings };
  const sysctl = (name: string): string | undefined => sysctls[name];
  const interfaces = ['all', 'default', 'lo', 'eth0'];
  return preflight({ uid: 0, capabilities, sysctl, interfaces, ports: [500, 4500], ...changes });
}

test('with what an engine gives and NET_ADMIN nothing is missing', () => {
  expect(judge([])).toEqual({ faults: [], warnings: [], canDrop: true });
});

test('without NET_ADMIN it says how to add it', () => {
  const { faults } = judge(['admin']);
  expect(faults).toEqual([expect.stringContaining('CAP_NET_ADMIN is missing')]);
  expect(faults[0]).toContain('--cap-add NET_ADMIN');
  expect(faults[0]).not.toContain('--user');
});

test('a container started as a user is told that this takes the capabilities away', () => {
  const { faults, canDrop } = judge(ALL, {}, { uid: 1000 });
  expect(canDrop).toBe(false);
  expect(faults[0]).toContain('gives none to user 1000: leave out --user');
});

test('without NET_BIND_SERVICE low ports need the setting that opens them', () => {
  const port = 'net/ipv4/ip_unprivileged_port_start';
  expect(judge(['bind']).faults[0]).toContain('CAP_NET_BIND_SERVICE is missing');
  expect(judge(['bind'], { [port]: '501' }).faults[0]).toContain(
    `${port.replaceAll('/', '.')}=500`,
  );
  expect(judge(['bind'], { [port]: '500' }).faults).toEqual([]);
  expect(judge(['bind'], {}, { ports: [0, 4500] }).faults).toEqual([]);
});

test.each(['chown', 'kill', 'setgid', 'setuid', 'setpcap'] as const)(
  'without %s the daemon runs as root, and that is said',
  (missing) => {
    expect(judge([missing])).toEqual({
      faults: [],
      warnings: [
        expect.stringContaining(`runs as root, because CAP_${missing.toUpperCase()} is missing`),
      ],
      canDrop: false,
    });
  },
);

test('interfaces that IPsec does not protect are a fault, the loopback apart', () => {
  const { faults } = judge([], {
    'net/ipv4/conf/eth0/disable_xfrm': '1',
    'net/ipv4/conf/all/disable_policy': '1',
    'net/ipv4/conf/lo/disable_policy': '1',
    'net/ipv4/conf/default/disable_xfrm': '0',
  });
  expect(faults).toHaveLength(2);
  expect(faults[0]).toContain('net.ipv4.conf.all.disable_policy is 1');
  expect(faults[1]).toContain('--sysctl net.ipv4.conf.eth0.disable_xfrm=0');
});

test('a host that forwards nothing is told how a gateway does', () => {
  const { faults, warnings } = judge([], {
    'net/ipv4/ip_forward': '0',
    'net/ipv6/conf/all/forwarding': '0',
  });
  expect(faults).toEqual([]);
  expect(warnings[0]).toContain('--sysctl net.ipv4.ip_forward=1');
  expect(warnings[1]).toContain('--sysctl net.ipv6.conf.all.forwarding=1');
});
