import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeWith } from '../support/capability.ts';

const folder = new URL('../../native/', import.meta.url);
const readme = readFileSync(new URL('README.md', folder), 'utf8');

function block(after: string, language: string): string {
  const start = readme.indexOf(after);
  const found = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readme.slice(start));
  if (found?.[1] === undefined) throw new Error(`no ${language} block after "${after}"`);
  return found[1];
}

describeWith(['net-admin', 'namespaces', 'xfrm'], 'the README of the native package', () => {
  test('its example does what it says', () => {
    const source = block('## Example', 'ts');
    const node = [process.execPath, '--input-type=module-typescript', '-e', source];
    const { stdout, stderr } = spawnSync('unshare', ['-n', ...node], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(`${stdout}${stderr}`).toBe(block('It prints:', ''));
  });
});
