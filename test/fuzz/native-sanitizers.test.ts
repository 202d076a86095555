import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { describeWith } from '../support/capability.ts';

const script = new URL('../../scripts/sanitize-native', import.meta.url).pathname;

// On the machine's own kernel: AddressSanitizer wants more address space than user-mode Linux has.
describeWith(['net-admin', 'namespaces', 'xfrm'], 'the addons under sanitizers', () => {
  test('SEC-88 neither AddressSanitizer nor UndefinedBehaviorSanitizer finds anything', () => {
    const { status, stdout, stderr } = spawnSync(script, { encoding: 'utf8', timeout: 200_000 });
    expect(`${stdout}${stderr}`.trim()).toBe('survived');
    expect(status).toBe(0);
  }, 250_000);
});
