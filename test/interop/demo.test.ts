import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { REPOSITORY } from '../lab/paths.ts';
import { run } from '../lab/run.ts';
import { describeWith, testWith } from '../support/capability.ts';

describeWith('lab', 'scripts/demo', () => {
  for (const peer of ['charon-ts', 'strongswan']) {
    testWith('lab', `pings through a tunnel with ${peer} and leaves nothing behind`, async () => {
      const before = snapshot();
      const demo = await run([join(REPOSITORY, 'scripts/demo'), '--peer', peer]);
      expect(demo.code, demo.stdout + demo.stderr).toBe(0);
      expect(demo.stdout).toContain('4 packets transmitted, 4 received');
      expect(demo.stdout.match(/^gw: #1, ESTABLISHED/gm)?.length).toBe(2);
      expect(
        demo.stdout.match(/^esp 0x[0-9a-f]{8} \S+ -> \S+: 336 bytes, 4 packets$/gm)?.length,
      ).toBe(4);
      expect(snapshot()).toEqual(before);
    });
  }
});

/** What a demo could leave: processes, mounts, network devices, named namespaces, files where daemons put them. */
function snapshot(): object {
  const processes = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && !isKernelThread(entry))
    .map((entry) => readFileSync(`/proc/${entry}/comm`, 'utf8').trim());
  return {
    processes: processes.filter((name) => name !== 'ps').sort(),
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    devices: readdirSync('/sys/class/net'),
    namespaces: list('/run/netns'),
    run: list('/run'),
    // With the repository below /tmp the lab sees that of the whole machine, where others come and go.
    tmp: REPOSITORY.startsWith('/tmp/') ? [] : list('/tmp'),
    swanctl: list('/etc/swanctl'),
  };
}

function isKernelThread(pid: string): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '';
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
