import { describe, expect, test } from 'vitest';
import { parseIp } from '../../../daemon/proto/ip-address.ts';
import { serviceNames } from '../../../daemon/proto/service-names.ts';
import {
  parseSelector,
  printSelector,
  printSelectorConfig,
  printSelectorNamed,
  resolveSelector,
} from '../../../daemon/proto/traffic-selector-text.ts';
import { ConfigError } from '../../../daemon/util/error.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);

function fail(text: string): never {
  throw new Error(`not an address: ${text}`);
}

describe('parseSelector and its printed form', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1/32'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['10.0.0.5/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
    ['10.0.0.0-10.0.0.255', '10.0.0.0/24'],
    ['10.0.0.1 - 10.0.0.9', '10.0.0.1..10.0.0.9'],
    ['10.0.0.9-10.0.0.1', '10.0.0.1..10.0.0.9'],
    ['fe80::1-fe80::f', 'fe80::1..fe80::f'],
    ['10.0.0.0-10.0.0.254', '10.0.0.0..10.0.0.254'],
    ['dynamic', 'dynamic'],
    ['dynamic[6/http]', 'dynamic[tcp/http]'],
    ['10.0.0.0/8[/80]', '10.0.0.0/8[0/http]'],
    ['10.0.0.0/8[any/80]', '10.0.0.0/8[0/http]'],
    ['10.0.0.0/8[]', '10.0.0.0/8'],
    ['10.0.0.0/8[any/any]', '10.0.0.0/8'],
    ['10.0.0.0/8[/]', '10.0.0.0/8'],
    ['10.0.0.0/8[tcp]', '10.0.0.0/8[tcp]'],
    ['10.0.0.0/8[0x11]', '10.0.0.0/8[udp]'],
    ['10.0.0.0/8[255]', '10.0.0.0/8[255]'],
    ['10.0.0.0/8[tcp/1024-65535]', '10.0.0.0/8[tcp/1024-65535]'],
    ['10.0.0.0/8[ tcp / 80-443 ]', '10.0.0.0/8[tcp/80-443]'],
    ['10.0.0.0/8[tcp/0-65535]', '10.0.0.0/8[tcp]'],
    ['10.0.0.0/8[tcp/opaque]', '10.0.0.0/8[tcp/OPAQUE]'],
    ['10.0.0.0/8[udp/4711]', '10.0.0.0/8[udp/4711]'],
    ['10.0.0.0/8[tcp/0]', '10.0.0.0/8[tcp/0]'],
    ['10.0.0.0/8[icmp/2048]', '10.0.0.0/8[icmp/8]'],
    ['10.0.0.0/8[icmp/2053]', '10.0.0.0/8[icmp/8(5)]'],
    ['10.0.0.0/8[icmp/2048-2303]', '10.0.0.0/8[icmp/8-8(255)]'],
    ['::/0[ipv6-icmp/32768]', '::/0[ipv6-icmp/128]'],
    ['10.0.0.0/8[udp/syslog]', '10.0.0.0/8[udp/syslog]'],
    ['10.0.0.0/8[tcp/514]', '10.0.0.0/8[tcp/shell]'],
    ['10.0.0.0/8[gre]', '10.0.0.0/8[gre]'],
  ])('%s is %s', (text, printed) => {
    const config = parseSelector(text);
    expect(printSelectorConfig(config)).toBe(printed);
    if (config.kind === 'fixed') expect(printSelector(config.selector)).toBe(printed);
  });

  test.each([
    '',
    '%dynamic',
    'gateway.example.org',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.256',
    '10.0.0.1-',
    '10.0.0.1-10.0.0.2-10.0.0.3',
    '10.0.0.1-::1',
    '10.0.0.0/8[256]',
    '10.0.0.0/8[tcpp]',
    '10.0.0.0/8[tcp',
    '10.0.0.0/8tcp]',
    '10.0.0.0/8[tcp]]',
    '10.0.0.0/8[tcp]x',
    '10.0.0.0/8[tcp/65536]',
    '10.0.0.0/8[tcp/80-79]',
    '10.0.0.0/8[tcp/syslog]',
    '10.0.0.0/8[tcp/http-]',
    '10.0.0.0/8[tcp/80/81]',
    '10.0.0.0/8[__proto__]',
    '10.0.0.0/8[tcp/constructor]',
  ])('rejects %s', (text) => expect(() => parseSelector(text)).toThrow(ConfigError));

  test('an error names the part at fault and the option', () => {
    expect(() => parseSelector('10.0.0.0/40', undefined, 'local_ts')).toThrow(
      expect.objectContaining({
        path: 'local_ts',
        message: "traffic selector '10.0.0.0/40': '/40' is not a prefix length from 0 to 32",
      }),
    );
  });

  test('names come from the table given', () => {
    const names = serviceNames([['warp', 200]], [{ name: 'drive', port: 7, protocols: [200] }]);
    const config = parseSelector('10.0.0.1[warp/drive]', names);
    if (config.kind !== 'fixed') throw new Error('dynamic');
    expect(config.selector).toMatchObject({ protocol: 200, startPort: 7, endPort: 7 });
    expect(printSelectorNamed(config.selector, names)).toBe('10.0.0.1/32[warp/drive]');
    expect(printSelector(config.selector)).toBe('10.0.0.1/32[200/7]');
    expect(() => parseSelector('10.0.0.1[warp]')).toThrow(ConfigError);
  });
});

describe('resolveSelector', () => {
  test('dynamic becomes a host of each address, of its family', () => {
    const hosts = [ip('10.0.0.1'), ip('2001:db8::1')];
    const resolved = resolveSelector(parseSelector('dynamic[udp/53]'), hosts);
    expect(resolved.map(printSelector)).toEqual([
      '10.0.0.1/32[udp/domain]',
      '2001:db8::1/128[udp/domain]',
    ]);
  });

  test('an address that is not known yet stands for nothing, not for everything', () => {
    expect(resolveSelector(parseSelector('dynamic'), [ip('0.0.0.0'), ip('::')])).toEqual([]);
    expect(resolveSelector(parseSelector('dynamic'), [])).toEqual([]);
  });

  test('a fixed one stays what it is', () => {
    const resolved = resolveSelector(parseSelector('10.0.0.0/8'), [ip('10.0.0.1')]);
    expect(resolved.map(printSelector)).toEqual(['10.0.0.0/8']);
  });
});
