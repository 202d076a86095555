import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describeWith } from '../support/capability.ts';

describeWith(['net-admin'], 'a full disk', () => {
  test('costs lines and what cannot be kept, is said, and ends nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'full-'));
    const script = fileURLToPath(new URL('../support/on-full-disk.ts', import.meta.url));
    const mount = 'mount -t tmpfs -o size=1m,mode=700 none "$1" && exec "$2" "$3" "$1"';
    const args = ['--mount', 'sh', '-c', mount, 'sh', folder, process.execPath, script];
    const told = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' }));
    rmSync(folder, { recursive: true });
    // Old records would be worse than none.
    expect(told.kept).toBe(false);
    expect(told.dropped).toBeGreaterThan(0);
    expect(told.records).toEqual(['the first']);
    const lines: readonly string[] = told.said;
    const ofStore = lines.filter((line) => line.startsWith('store: '));
    expect(ofStore).toEqual([
      expect.stringMatching(/^store: keeping the state of IKE_SAs failed, .*ENOSPC/),
    ]);
    expect(lines.find((line) => line.startsWith('journal: '))).toMatch(/ENOSPC/);
  });
});
