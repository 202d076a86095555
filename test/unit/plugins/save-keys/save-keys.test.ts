import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IkeKeyEntry, KeyLog } from '../../../../daemon/contracts/key-log.ts';
import type { ChildSpi } from '../../../../daemon/proto/child-spi.ts';
import { EncryptionId, IntegrityId } from '../../../../daemon/proto/iana/transforms.ts';
import type { IkeSpi } from '../../../../daemon/proto/ike-spi.ts';
import { NodeClock } from '../../../../daemon/runtime/node-clock.ts';
import plugin from '../../../../plugins/save-keys/plugin.ts';
import { ikeLine } from '../../../../plugins/save-keys/tables.ts';
import { DaemonProcess } from '../../../support/daemon-process.ts';
import { MemoryLog } from '../../../support/memory-log.ts';
import { ip } from '../../../support/selectors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'save-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const key = (octet: number, length: number): Uint8Array => new Uint8Array(length).fill(octet);

function entry(encryption: number, bits: number, integrity?: number): IkeKeyEntry {
  return {
    spiI: 0x19ab_9896_3486_359fn as IkeSpi,
    spiR: 0x78fn as IkeSpi,
    encryption: { type: 1, id: encryption, keyLength: bits },
    integrity: integrity === undefined ? undefined : { type: 3, id: integrity },
    skEi: key(1, 3),
    skEr: key(2, 3),
    skAi: key(3, integrity === undefined ? 0 : 2),
    skAr: key(4, integrity === undefined ? 0 : 2),
  };
}

function open(log = new MemoryLog(), directory = folder): KeyLog {
  const keyLog = plugin.keyLog?.(
    { directory, ike: true, esp: true },
    { log, clock: new NodeClock(() => undefined) },
  );
  if (keyLog === undefined) throw new TypeError('the plugin saves no keys');
  return keyLog;
}

describe('ikev2_decryption_table', () => {
  const spis = '19ab98963486359f,000000000000078f,010101,020202';

  // Names as the tables of Wireshark's own captures have them.
  test.each([
    [
      EncryptionId.AES_CBC,
      256,
      IntegrityId.HMAC_SHA2_256_128,
      '"AES-CBC-256 [RFC3602]",0303,0404,"HMAC_SHA2_256_128 [RFC4868]"',
    ],
    [
      EncryptionId.AES_GCM_8,
      256,
      undefined,
      '"AES-GCM-256 with 8 octet ICV [RFC5282]",,,"NONE [RFC4306]"',
    ],
    [
      EncryptionId.AES_CCM_12,
      128,
      undefined,
      '"AES-CCM-128 with 12 octet ICV [RFC5282]",,,"NONE [RFC4306]"',
    ],
    [
      EncryptionId.AES_CTR,
      128,
      IntegrityId.AES_XCBC_96,
      '"AES-CTR-128 [RFC5930]",,,"ANY 96-bits of Authentication [No Checking]"',
    ],
  ])('cipher %i with %i bits and MAC %s', (cipher, bits, mac, rest) => {
    expect(ikeLine(entry(cipher, bits, mac))).toBe(`${spis},${rest}\n`);
  });

  test('what Wireshark cannot decrypt is left out, and said once', async () => {
    const log = new MemoryLog();
    const keys = open(log);
    for (let i = 0; i < 3; i++) keys.ike(entry(EncryptionId.CHACHA20_POLY1305, 256));
    keys.ike(entry(EncryptionId.AES_GCM_16, 128));
    await keys.close();
    expect(log.lines).toEqual([
      'keys of CHACHA20_POLY1305 are not saved: Wireshark has no such cipher',
    ]);
    expect(readFileSync(join(folder, 'ikev2_decryption_table'), 'utf8').split('\n')).toHaveLength(
      2,
    );
  });
});

describe('the files', () => {
  const table = () => join(folder, 'ikev2_decryption_table');

  test('are for their owner alone, are made so again, and are appended to', async () => {
    writeFileSync(table(), '# mine\n', { mode: 0o644 });
    const keys = open();
    for (let i = 0; i < 500; i++) keys.ike(entry(EncryptionId.AES_GCM_16, 128));
    keys.esp({
      source: ip('2001:db8::1'),
      destination: ip('2001:db8::2'),
      spi: 0xc0de as ChildSpi,
      encryption: { id: EncryptionId.CHACHA20_POLY1305, key: key(9, 2) },
      integrity: undefined,
    });
    await keys.close();
    expect(statSync(table()).mode & 0o777).toBe(0o600);
    expect(readFileSync(table(), 'utf8')).toMatch(/^# mine\n(19ab[^\n]+\n){500}$/);
    const esp = join(folder, 'esp_sa');
    expect(statSync(esp).mode & 0o777).toBe(0o600);
    expect(readFileSync(esp, 'utf8')).toBe(
      '"IPv6","2001:db8::1","2001:db8::2","0x0000c0de","ChaCha20 with Poly1305 [RFC7634]","0x0909","NULL",""\n',
    );
  });

  test('a link is not followed, and a folder that is not there is told once', async () => {
    const target = join(folder, 'target');
    writeFileSync(target, '');
    symlinkSync(target, table());
    const log = new MemoryLog();
    const keys = open(log);
    keys.ike(entry(EncryptionId.AES_GCM_16, 128));
    await keys.close();
    keys.ike(entry(EncryptionId.AES_GCM_16, 128));
    await keys.close();
    expect(readFileSync(target, 'utf8')).toBe('');
    expect(log.lines).toEqual([expect.stringMatching(/^saving keys to .*_table failed: /)]);
    const missing = open(log, join(folder, 'no'));
    missing.ike(entry(EncryptionId.AES_GCM_16, 128));
    await missing.close();
    expect(log.lines).toHaveLength(2);
  });
});

describe('a daemon', () => {
  const conf = (more: string): string => `charon {
    port = 0
    port_nat_t = 0
    plugins {
      vici { socket = unix://@/charon.vici }
      kernel-null { load = yes }
      save-keys { ${more} }
    }
  }`;

  test('warns at every start that keys are given away', async () => {
    await using daemon = new DaemonProcess(
      conf('load = yes\n ike = yes\n esp = yes\n wireshark_keys = @'),
    );
    await daemon.says('[LIB] WARNING: save-keys writes the keys of IKE_SAs and ESP SAs to /');
    await daemon.says('serving VICI');
  });

  test.each([
    ['load = yes\n ike = yes', /neither|nothing is saved/],
    ['load = no\n ike = yes\n wireshark_keys = @', undefined],
  ])('%s: saves nothing', async (more, said) => {
    await using daemon = new DaemonProcess(conf(more));
    await daemon.says('serving VICI');
    daemon.kill('SIGTERM');
    const { stdout } = await daemon.ended;
    if (said === undefined) expect(stdout).not.toContain('save-keys');
    else expect(stdout).toMatch(said);
    expect(stdout).not.toContain('WARNING');
    expect(existsSync(join(daemon.folder, 'ikev2_decryption_table'))).toBe(false);
  });
});
