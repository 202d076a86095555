import { expect, test } from 'vitest';
import { firewallRules } from '../../../../daemon/cli/ipsec/firewall.ts';

const POLICY = '-m policy --pol ipsec --proto esp --reqid 7 --dir';
const OUT = '-o eth0 -s 10.1.0.0/24 -d 10.2.0.0/24';
const IN = '-i eth0 -s 10.2.0.0/24 -d 10.1.0.0/24';

function rules(variables: Readonly<Record<string, string>>): readonly string[] | undefined {
  const all = {
    PLUTO_VERSION: '1.1',
    PLUTO_VERB: 'up-client',
    PLUTO_INTERFACE: 'eth0',
    PLUTO_REQID: '7',
    PLUTO_PROTO: 'esp',
    PLUTO_ME: '192.0.2.1',
    PLUTO_PEER: '192.0.2.2',
    PLUTO_MY_CLIENT: '10.1.0.0/24',
    PLUTO_MY_PROTOCOL: '0',
    PLUTO_MY_PORT: '0',
    PLUTO_PEER_CLIENT: '10.2.0.0/24',
    PLUTO_PEER_PORT: '0',
    ...variables,
  };
  return firewallRules(new Map(Object.entries(all)))?.map((rule) => rule.join(' '));
}

test('forwarded traffic of networks passes, both ways, and nothing to the host', () => {
  expect(rules({})).toEqual([
    `iptables --wait -I FORWARD 1 ${OUT} ${POLICY} out -j ACCEPT`,
    `iptables --wait -I FORWARD 1 ${IN} ${POLICY} in -j ACCEPT`,
  ]);
});

test('what was let in is taken back, word for word', () => {
  expect(rules({ PLUTO_VERB: 'down-client', PLUTO_HOST_ACCESS: '1' })).toEqual(
    rules({ PLUTO_HOST_ACCESS: '1' })?.map((rule) => rule.replace(/-I (\w+) 1/, '-D $1')),
  );
});

test('the host itself, where it asks for that, is what is protected, or has a virtual address', () => {
  expect(rules({ PLUTO_HOST_ACCESS: '1' })?.slice(2)).toEqual([
    `iptables --wait -I OUTPUT 1 ${OUT} ${POLICY} out -j ACCEPT`,
    `iptables --wait -I INPUT 1 ${IN} ${POLICY} in -j ACCEPT`,
  ]);
  const chains = (variables: Readonly<Record<string, string>>) =>
    rules(variables)?.map((rule) => / -I (\w+) /.exec(rule)?.[1]);
  expect(chains({ PLUTO_VERB: 'up-host', PLUTO_MY_CLIENT: '192.0.2.1/32' })).toEqual([
    'OUTPUT',
    'INPUT',
  ]);
  const virtual = { PLUTO_MY_SOURCEIP: '10.3.0.1', PLUTO_MY_SOURCEIP4_1: '10.3.0.1' };
  expect(chains({ ...virtual, PLUTO_MY_CLIENT: '10.3.0.1/32' })).toEqual(['OUTPUT', 'INPUT']);
  expect(chains({ ...virtual, PLUTO_MY_CLIENT: '10.3.0.0/24' })).toEqual(['FORWARD', 'FORWARD']);
});

test('IPv6 has a program of its own; an interface that is not known is left out', () => {
  const [first] =
    rules({
      PLUTO_VERB: 'up-client-v6',
      PLUTO_INTERFACE: 'unknown',
      PLUTO_MY_CLIENT: 'fd01::/64',
      PLUTO_PEER_CLIENT: 'fd02::/64',
    }) ?? [];
  expect(first).toBe(
    `ip6tables --wait -I FORWARD 1 -s fd01::/64 -d fd02::/64 ${POLICY} out -j ACCEPT`,
  );
});

test('protocols and ports turn round with the direction', () => {
  const matches = (variables: Readonly<Record<string, string>>) =>
    rules(variables)?.map((rule) => / -d \S+ (.*) -m policy/.exec(rule)?.[1]);
  expect(matches({ PLUTO_MY_PROTOCOL: '6', PLUTO_MY_PORT: '80' })).toEqual([
    '-p tcp --sport 80',
    '-p tcp --dport 80',
  ]);
  const both = { PLUTO_MY_PROTOCOL: '17', PLUTO_MY_PORT: '1000:2000', PLUTO_PEER_PORT: '53' };
  expect(matches(both)).toEqual([
    '-p udp --sport 1000:2000 --dport 53',
    '-p udp --sport 53 --dport 1000:2000',
  ]);
  expect(matches({ PLUTO_MY_PROTOCOL: '1', PLUTO_MY_PORT: '8' })).toEqual([
    '-p icmp --icmp-type 8/0',
    '-p icmp --icmp-type 8/0',
  ]);
  expect(matches({ PLUTO_MY_PROTOCOL: '47' })).toEqual(['-p 47', '-p 47']);
});

test('packets that IPComp left as they are come in as IP in IP', () => {
  expect(rules({ PLUTO_IPCOMP: '1' })?.[2]).toBe(
    `iptables --wait -I INPUT 1 -i eth0 -p 4 -s 192.0.2.2 -d 192.0.2.1 ${POLICY} in -j ACCEPT`,
  );
});

test('variables of another interface are refused', () => {
  expect(rules({ PLUTO_VERSION: '1.0' })).toBeUndefined();
  expect(rules({ PLUTO_VERB: 'prepare-host' })).toBeUndefined();
  expect(firewallRules(new Map())).toBeUndefined();
});
