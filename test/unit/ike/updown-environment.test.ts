import { expect, test } from 'vitest';
import type { ChildSaView } from '../../../daemon/contracts/views.ts';
import { type UpdownSubject, updownEnvironment } from '../../../daemon/ike/updown-environment.ts';
import { childSaView, ikeSaView } from '../../support/fake-control.ts';
import { ip, ts } from '../../support/selectors.ts';

function variables(change: Partial<UpdownSubject> = {}): Readonly<Record<string, string>> {
  return updownEnvironment({
    up: true,
    ike: ikeSaView({ localVips: [] }),
    child: childSaView(),
    local: ts('10.1.0.0/16'),
    remote: ts('10.2.0.0/16'),
    interfaceName: 'eth0',
    hostAccess: false,
    dns: [],
    ...change,
  });
}

const withInstalled = (members: Partial<NonNullable<ChildSaView['installed']>>): ChildSaView => {
  const { installed, ...others } = childSaView();
  return { ...others, ...(installed && { installed: { ...installed, ...members } }) };
};

test('the variables of a plain CHILD_SA, and no others', () => {
  expect(variables()).toEqual({
    PLUTO_VERSION: '1.1',
    PLUTO_VERB: 'up-client',
    PLUTO_CONNECTION: 'net',
    PLUTO_INTERFACE: 'eth0',
    PLUTO_REQID: '2',
    PLUTO_PROTO: 'esp',
    PLUTO_UNIQUEID: '1',
    PLUTO_ME: '10.9.0.1',
    PLUTO_MY_ID: 'node-a.example',
    PLUTO_MY_CLIENT: '10.1.0.0/16',
    PLUTO_MY_PORT: '0',
    PLUTO_MY_PROTOCOL: '0',
    PLUTO_PEER: '10.9.0.2',
    PLUTO_PEER_ID: 'node-b.example',
    PLUTO_PEER_CLIENT: '10.2.0.0/16',
    PLUTO_PEER_PORT: '0',
    PLUTO_PEER_PROTOCOL: '0',
    PLUTO_UDP_ENC: '4500',
  });
});

test.each([
  [true, '10.9.0.1', 'up-host'],
  [false, '10.9.0.1', 'down-host'],
  [true, '10.9.0.0/24', 'up-client'],
  [false, '10.9.0.2', 'down-client'],
])('verb: up %s, local selector %s is %s', (up, local, verb) => {
  expect(variables({ up, local: ts(local) })['PLUTO_VERB']).toBe(verb);
});

test('verbs and addresses of IPv6', () => {
  const ike = ikeSaView({ localHost: ip('2001:db8::1'), remoteHost: ip('2001:db8::2') });
  expect(variables({ ike, local: ts('2001:db8::1') })).toMatchObject({
    PLUTO_VERB: 'up-host-v6',
    PLUTO_ME: '2001:db8::1',
    PLUTO_MY_CLIENT: '2001:db8::1/128',
  });
});

test('the family of the verb is that of the selectors, not of the tunnel', () => {
  const local = ts('2001:db8:1::/64');
  expect(variables({ local })['PLUTO_VERB']).toBe('up-client-v6');
});

test.each([
  [ts('10.1.0.3-10.1.0.9', 6, 80), '10.1.0.0/28', '80', '6'],
  [ts('10.1.0.0/16', 17, 5000, 6000), '10.1.0.0/16', '5000:6000', '17'],
  [ts('0.0.0.0/0'), '0.0.0.0/0', '0', '0'],
])(
  'a range becomes the subnet that holds it, ports are told',
  (selector, client, port, protocol) => {
    expect(variables({ local: selector, remote: selector })).toMatchObject({
      PLUTO_MY_CLIENT: client,
      PLUTO_MY_PORT: port,
      PLUTO_MY_PROTOCOL: protocol,
      PLUTO_PEER_CLIENT: client,
      PLUTO_PEER_PORT: port,
      PLUTO_PEER_PROTOCOL: protocol,
    });
  },
);

test('ICMP: the type on our side, the code on the side of the peer', () => {
  const icmp = ts('10.1.0.0/16', 1, 0x0803);
  const any = ts('10.2.0.0/16');
  for (const [local, remote] of [
    [icmp, icmp],
    [icmp, any],
    [any, icmp],
  ] as const) {
    expect(variables({ local, remote })).toMatchObject({
      PLUTO_MY_PORT: '8',
      PLUTO_PEER_PORT: '3',
    });
  }
  expect(variables({ local: ts('10.1.0.0/16', 1), remote: any })).toMatchObject({
    PLUTO_MY_PORT: '0',
    PLUTO_PEER_PORT: '0',
  });
});

test('what only some CHILD_SAs have', () => {
  const child = withInstalled({
    protocol: 'AH',
    encap: false,
    cpiIn: 256,
    cpiOut: 257,
    markIn: { value: 42, mask: 0xffffffff },
    markOut: { value: 0xffffffff, mask: 0xff },
    ifIdIn: 7,
    ifIdOut: 0xfffffffe,
  });
  const ike = ikeSaView({
    localVips: [],
    remoteVips: [ip('10.3.0.1'), ip('fec0::1'), ip('10.3.0.2')],
    remoteEapId: 'carol',
  });
  const dns = [ip('10.3.0.53'), ip('fec0::53')];
  const found = variables({ child, ike, dns, hostAccess: true, interfaceName: undefined });
  expect(found).toMatchObject({
    PLUTO_PROTO: 'ah',
    PLUTO_INTERFACE: 'unknown',
    PLUTO_IPCOMP: '1',
    PLUTO_MARK_IN: '42/0xffffffff',
    PLUTO_MARK_OUT: '4294967295/0x000000ff',
    PLUTO_IF_ID_IN: '7',
    PLUTO_IF_ID_OUT: '4294967294',
    PLUTO_XAUTH_ID: 'carol',
    PLUTO_PEER_SOURCEIP: '10.3.0.1',
    PLUTO_PEER_SOURCEIP4_1: '10.3.0.1',
    PLUTO_PEER_SOURCEIP6_1: 'fec0::1',
    PLUTO_PEER_SOURCEIP4_2: '10.3.0.2',
    PLUTO_DNS4_1: '10.3.0.53',
    PLUTO_DNS6_1: 'fec0::53',
    PLUTO_HOST_ACCESS: '1',
  });
  expect(Object.keys(found).filter((name) => /MY_SOURCEIP|UDP_ENC/.test(name))).toEqual([]);
});

test('what a shell would act upon is taken out of identities, SEC-09', () => {
  const ike = ikeSaView({ remoteId: 'a$(touch /x)`id`;b|c&d"e\'f\\g<h>i', remoteEapId: '$x' });
  expect(variables({ ike })).toMatchObject({
    PLUTO_PEER_ID: 'a?(touch /x)?id??b?c?d?e?f?g?h?i',
    PLUTO_XAUTH_ID: '?x',
  });
  const plain = 'C=CH, O=Linux (test), CN=carol@x.org/%any*[1]{2}#!~^+-_';
  expect(variables({ ike: ikeSaView({ remoteId: plain }) })['PLUTO_PEER_ID']).toBe(plain);
});
