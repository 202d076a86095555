import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { describe, type TestFunction, test } from 'vitest';
import { LAB_CACHE, NEXT_PACKAGE, PACKAGE } from '../lab/paths.ts';

/** What a machine may lack, and how to find out: each probe throws, with the reason, where the capability is missing. */
const PROBES = {
  /** CAP_NET_ADMIN in the effective set. */
  'net-admin': () => {
    const [, effective = '0'] =
      /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (((BigInt(`0x${effective}`) >> 12n) & 1n) === 0n) throw new Error('no CAP_NET_ADMIN');
  },
  /** May make network namespaces. */
  namespaces: () => inNamespace(['true']),
  /** A kernel with XFRM netlink. */
  xfrm: () => inNamespace(['ip', 'xfrm', 'policy', 'count']),
  /** A kernel that takes an ESP SA with AES-GCM. */
  esp: () =>
    inNamespace([
      ...'ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode tunnel aead'.split(
        ' ',
      ),
      ...['rfc4106(gcm(aes))', `0x${'5a'.repeat(20)}`, '128'],
    ]),
  /** A kernel with XFRM netlink that knows no ESP: what the daemon says there can only be seen there. */
  'no-esp': () => {
    inNamespace(['ip', 'xfrm', 'policy', 'count']);
    if (whyMissing('esp') === undefined) throw new Error('this kernel has ESP');
  },
  /** Runs below scripts/lab-run, on a kernel with ESP, and the strongSwan root is there. */
  lab: () => {
    if (process.env['CHARON_LAB'] !== '1') throw new Error('not started by scripts/lab-run');
    needRoot('strongswan');
  },
  /** A kernel that binds SAs to CPUs. */
  perCpuSas: () => {
    const [major = 0, minor = 0] = release().split('.').map(Number.parseFloat);
    if (major < 6 || (major === 6 && minor < 13)) throw new Error(`Linux ${release()}, not 6.13`);
  },
  /** The root with libreswan. */
  libreswan: () => needRoot('libreswan'),
  /** The root with OpenIKED. */
  openiked: () => needRoot('openiked'),
  /** The root with the servers of a PKI. */
  servers: () => needRoot('servers'),
  /** The root with the program ipsec of strongSwan. */
  starter: () => needRoot('starter'),
  /** The root with Wireshark's tshark. */
  tshark: () => needRoot('tshark'),
  /** The root with FRR. */
  frr: () => needRoot('frr'),
  /** The roots of the Debian releases that our package is for, and the package. */
  package: () => {
    needRoot('debian12');
    needRoot('debian13');
    if (!existsSync(PACKAGE) || !existsSync(NEXT_PACKAGE))
      throw new Error('no package: run scripts/build-deb --quick');
  },
  /** The file system of our container image. */
  container: () => {
    if (!existsSync(`${LAB_CACHE}/roots/container`))
      throw new Error('no image: run scripts/build-image --root .cache/lab/roots/container');
  },
  /** May run systemd as the first process of a host. */
  systemd: () => {
    const script = 'mount -t cgroup2 cgroup2 /mnt; mkdir /mnt/probe; rmdir /mnt/probe';
    execFileSync('unshare', ['-m', 'sh', '-ec', script], { stdio: 'pipe' });
  },
  /** Shells that completions are for. */
  zsh: () => void execFileSync('zsh', ['-c', 'zmodload zsh/zpty'], { stdio: 'pipe' }),
  fish: () => void execFileSync('fish', ['--version'], { stdio: 'pipe' }),
  /** The Python module vici, made available by scripts/lab-roots where a package index is reachable. */
  'python-vici': () => {
    if (!existsSync(`${LAB_CACHE}/python/vici`)) throw new Error('no Python module vici');
  },
} as const;

/** The name of something a machine may lack. */
export type Capability = keyof typeof PROBES;

const known = new Map<Capability, string | undefined>();

/** Why a capability is missing here, undefined when it is there; each is probed once per process. */
export function whyMissing(capability: Capability): string | undefined {
  if (!known.has(capability)) known.set(capability, probe(capability));
  return known.get(capability);
}

/** `describe` where all capabilities are there; otherwise its tests are skipped, their names and a warning saying why. */
export function describeWith(
  needs: Capability | readonly Capability[],
  name: string,
  body: () => void,
): void {
  const reason = firstMissing(needs, name);
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} [${reason}]`, body);
}

/** `test` where all capabilities are there; otherwise it is skipped, its name and a warning saying why. */
export function testWith(
  needs: Capability | readonly Capability[],
  name: string,
  body: TestFunction,
  timeoutMillis?: number,
): void {
  const reason = firstMissing(needs, name);
  if (reason === undefined) test(name, body, timeoutMillis);
  else test.skip(`${name} [${reason}]`, body);
}

function firstMissing(needs: Capability | readonly Capability[], name: string): string | undefined {
  for (const capability of typeof needs === 'string' ? [needs] : needs) {
    const reason = whyMissing(capability);
    if (reason === undefined) continue;
    console.warn(`SKIPPED: ${name}: needs ${capability}: ${reason}`);
    return `needs ${capability}: ${reason}`;
  }
  return undefined;
}

function probe(capability: Capability): string | undefined {
  try {
    PROBES[capability]();
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}

function inNamespace(argv: readonly string[]): void {
  execFileSync('unshare', ['-n', ...argv], { stdio: 'pipe' });
}

function needRoot(name: string): void {
  if (!existsSync(`${LAB_CACHE}/roots/${name}`)) throw new Error(`no root: run scripts/lab-roots`);
}
