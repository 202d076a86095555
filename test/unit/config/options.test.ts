import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfNode } from '../../../daemon/config/conf-tree.ts';
import { parseConnection } from '../../../daemon/config/connection.ts';
import { type DaemonOptions, defaultOptions, OPTIONS } from '../../../daemon/config/options.ts';
import { optionsDocument } from '../../../daemon/config/options-document.ts';
import { type ResolvedOptions, resolveOptions } from '../../../daemon/config/resolve-options.ts';
import { parseConfText, readConfFile } from '../../../daemon/config/strongswan-conf.ts';
import { NodeFiles } from '../../../daemon/runtime/node-files.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { swanctlTree } from '../../support/swanctl-tree.ts';
import { testCrypto } from '../../support/vici.ts';

const resolve = (text: string, namespace?: string): ResolvedOptions =>
  resolveOptions(ConfNode.of(parseConfText(text, '/s.conf', new MemoryFiles({}))), namespace);
const options = (text: string): DaemonOptions => resolve(text).options;

describe('defaults', () => {
  test('are those of charon, with a cap on half-open IKE_SAs', () => {
    const defaults = defaultOptions();
    expect(resolve('').options).toEqual(defaults);
    expect(resolve('').warnings).toEqual([]);
    expect(defaults).toMatchObject({
      port: 500,
      port_nat_t: 4500,
      half_open_timeout: 30,
      keep_alive: 20,
      retransmit_timeout: 4,
      retransmit_base: 1.8,
      retransmit_tries: 5,
      cookie_threshold: 30,
      cookie_threshold_ip: 3,
      block_threshold: 5,
      init_limit_half_open: 5000,
      fragment_size: 1280,
      max_packet: 10000,
      spi_min: 0xc0000000,
      spi_max: 0xcfffffff,
      spi_mask: 0n,
      'plugins.vici.socket': 'unix:///run/charon.vici',
      loggers: [],
    });
  });

  test('can all be written as documented', () => {
    for (const [name, option] of Object.entries(OPTIONS)) {
      if (option.defaultText === '(none)') continue;
      expect([name, option.parse(option.defaultText)]).toEqual([name, option.default]);
    }
  });

  test('the reference is current: run node scripts/gen-options-doc.ts', () => {
    expect(readFileSync('conf/options.md', 'utf8')).toBe(optionsDocument());
  });
});

describe('values', () => {
  test('of every kind', () => {
    expect(
      options(`charon {
        dos_protection = FALSE
        keep_alive = 2m
        half_open_timeout = 10
        delete_rekeyed_delay = 1h
        retransmit_timeout = 2.5
        spi_min = 0xC1000000
        spi_label = 0xffffffffffffffff
        ignore_routing_tables = main, 5  local
        rdn_matching = Relaxed
        fragment_size = 1000
        fragment_size_v6 = 1400
        plugins { vici { socket = unix:///tmp/x } }
      }`),
    ).toMatchObject({
      dos_protection: false,
      keep_alive: 120,
      half_open_timeout: 10,
      delete_rekeyed_delay: 3600,
      retransmit_timeout: 2.5,
      spi_min: 0xc1000000,
      spi_label: 0xffffffffffffffffn,
      ignore_routing_tables: [254, 5, 255],
      rdn_matching: 'relaxed',
      fragment_size: 1000,
      fragment_size_v4: 1000,
      fragment_size_v6: 1400,
      'plugins.vici.socket': 'unix:///tmp/x',
    });
  });

  test('of the own section go before those of charon', () => {
    const text = 'charon { port = 1\n keep_alive = 5 }\ncharon-systemd { port = 2 }';
    expect(resolve(text, 'charon-systemd').options).toMatchObject({ port: 2, keep_alive: 5 });
    expect(resolve(text).options).toMatchObject({ port: 1, keep_alive: 5 });
  });

  test('that cannot be read are warned about and defaulted', () => {
    const { options: read, warnings } = resolve(`charon {
      keep_alive = 20 fortnights
      retransmit_jitter = 21
      dos_protection = maybe
      retransmit_base = 1e3
    }`);
    expect(read).toEqual(defaultOptions());
    expect(warnings).toEqual([
      "/s.conf:4:7: invalid value 'maybe' for 'dos_protection', allowed is yes or no; the default yes is used",
      "/s.conf:2:7: invalid value '20 fortnights' for 'keep_alive', allowed is a whole number, optionally with one of the units s, m, h and d; the default 20s is used",
      "/s.conf:5:7: invalid value '1e3' for 'retransmit_base', allowed is a number from 1 to 100; the default 1.8 is used",
      "/s.conf:3:7: invalid value '21' for 'retransmit_jitter', allowed is a whole number from 0 to 20; the default 0 is used",
    ]);
  });

  test('whose default would allow more than was meant are refused', () => {
    expect(() => resolve('charon { initiator_only = of course }')).toThrow(
      "/s.conf:1:10: invalid value 'of course' for 'initiator_only', allowed is yes or no",
    );
    expect(() => resolve('charon { ikesa_limit = ten }')).toThrow('ikesa_limit');
    expect(() => resolve('charon { port = 4500 }')).toThrow('they must differ');
    expect(() => resolve('charon { spi_min = 0xd0000000 }')).toThrow(
      'spi_min is greater than spi_max',
    );
  });

  test('that are unknown, meaningless or not yet in effect are told apart', () => {
    const { warnings } = resolve(`charon {
      keep_alife = 20
      threads = 4
      force_eap_only_authentication = yes
      load_modular = yes
      plugins { openssl { load = yes\n fips_mode = 1 } }
      start-scripts { a = /bin/true }
    }
    swanctl { load = pem }`);
    expect(warnings).toEqual([
      "/s.conf:4:7: option 'force_eap_only_authentication' is not yet in effect",
      "/s.conf:2:7: unknown option 'keep_alife', did you mean 'keep_alive'?",
      "/s.conf:3:7: option 'threads' has no meaning in this daemon",
      "/s.conf:7:2: unknown option 'plugins.openssl.fips_mode'",
    ]);
  });

  test('names of Object members are unknown options', () => {
    expect(resolve('charon { constructor = 1\n __proto__ = 2 }').warnings).toHaveLength(2);
  });
});

test('a misspelt key of a logger is told with what it may have meant', () => {
  const { warnings } = resolve(
    'charon { filelog { x { time_formt = %T\n nte = 1\n zebra = 2 } } }',
  );
  expect(warnings).toEqual([
    "/s.conf:1:24: unknown logger option 'time_formt', did you mean 'time_format'?",
    "/s.conf:2:2: unknown logger option 'nte', did you mean 'net'?",
    "/s.conf:3:2: unknown logger option 'zebra'",
  ]);
});

test('loggers are read with their groups', () => {
  const { options: read, warnings } = resolve(
    `charon {
      filelog {
        stderr { default = 2\n net = -1\n json = yes\n time_format = %b %e %T\n time_precision = us }
        x { path = /var/log/x\n append = no\n ike_name = yes\n log_level = yes\n flush_line = yes\n wrong = 1\n ike = 9 }
      }
      syslog { identifier = me\n daemon { default = 0\n map_level = 2 } }
    }
    charon-systemd { journal { default = 0\n ike = 2 } }`,
    'charon-systemd',
  );
  const kinds = read.loggers.map((logger) => logger.kind);
  expect(kinds).toEqual(['journal', 'file', 'file', 'syslog']);
  expect(read.loggers[0]).toMatchObject({ levels: { ike: 2, dmn: 0 } });
  expect(read.loggers[1]).toMatchObject({
    path: 'stderr',
    json: true,
    append: true,
    timeFormat: '%b %e %T',
    timePrecision: 'us',
    levels: { net: -1, ike: 2 },
  });
  expect(read.loggers[2]).toMatchObject({
    name: 'x',
    path: '/var/log/x',
    append: false,
    ikeName: true,
    logLevel: true,
    flushLine: true,
    levels: { ike: 1 },
  });
  expect(read.loggers[3]).toMatchObject({ facility: 'daemon', identifier: 'me', mapLevel: 2 });
  expect(warnings).toEqual([
    "/s.conf:13:2: unknown logger option 'wrong'",
    "/s.conf:14:2: invalid level '9' of 'ike', allowed are -1 to 4; 1 is used",
  ]);
});

describe('the examples of conf/', () => {
  const files = new NodeFiles();

  test('strongswan.conf loads without a warning and changes no default but the logger', () => {
    const { options: read, warnings } = resolveOptions(
      readConfFile('conf/strongswan.conf', files),
      'charon-systemd',
    );
    expect(warnings).toEqual([]);
    expect({ ...read, loggers: [] }).toEqual(defaultOptions());
    expect(read.loggers).toMatchObject([{ kind: 'file', path: 'stdout' }]);
  });

  test('swanctl.conf holds a connection that loads without a warning', () => {
    const tree = readConfFile('conf/swanctl.conf', files);
    const site = tree.at('connections', 'site');
    const { config, warnings } = parseConnection('site', swanctlTree(site), { crypto: testCrypto });
    expect(warnings).toEqual([]);
    expect(config.children.get('net')?.startAction).toEqual({ trap: false, start: true });
    expect(tree.at('secrets', 'ike-site').value('secret')?.text.length).toBeGreaterThanOrEqual(32);
  });
});

describe('section plugins.attr', () => {
  const within = (text: string) => resolve(`charon { plugins { attr { ${text} } } }`);

  test('holds lists by name or by number, addresses and networks of both families', () => {
    const { options: found, warnings } = within(`
      dns = 10.2.0.1, fd02::1
      split-include = 10.2.0.0/16
      28674 = welcome`);
    expect(warnings).toEqual([]);
    expect(found.attributes.map(({ type, value }) => [type, [...value]])).toEqual([
      [3, [10, 2, 0, 1]],
      [10, [0xfd, 2, ...Array(13).fill(0), 1]],
      [28676, [10, 2, 0, 0, 255, 255, 0, 0]],
      [28674, [...new TextEncoder().encode('welcome')]],
    ]);
  });

  test('what cannot be read is left out, with a warning each', () => {
    const { options: found, warnings } = within(
      'dns = 10.2.0.1, nonsense\n smtp = 10.2.0.1\n load = yes',
    );
    expect(found.attributes).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringContaining("invalid value 'nonsense' of attribute 'dns', left out"),
      expect.stringContaining("unknown attribute 'smtp' in section plugins.attr"),
    ]);
  });
});
