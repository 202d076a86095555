import { expect, test } from 'vitest';
import { IpsecLoader } from '../../../../daemon/cli/ipsec/load.ts';
import { list, value } from '../../../../daemon/config/tree.ts';
import { pem } from '../../../lab/credentials.ts';
import { MemoryTerminal } from '../../../support/memory-terminal.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';
import { keyPair, pkcs8Of } from '../../../support/private-keys.ts';
import {
  type RecordedReply,
  type RecordedRequest,
  recordingVici,
  treeObject,
} from '../../../support/recording-vici.ts';

const PLACES = {
  conf: '/etc/ipsec.conf',
  secrets: '/etc/ipsec.secrets',
  host: { folder: '/etc/ipsec.d', isOwnAddress: () => false },
};
const KEY = pem('PRIVATE KEY', pkcs8Of(keyPair('p256').privateKey));

/** A daemon that has keys and secrets of before, and names each key that it gets. */
function daemon({ command }: RecordedRequest): RecordedReply | undefined {
  if (command === 'get-keys') return { answer: [list('keys', ['01', '02'])] };
  if (command === 'get-shared') {
    return { answer: [list('keys', ['ipsec.secrets-1', 'ipsec.secrets-9', 'of-swanctl'])] };
  }
  if (command === 'load-key') return { answer: [value('success', 'yes'), value('id', '02')] };
  return undefined;
}

async function rereadSecrets(secrets: string, more: Readonly<Record<string, string>> = {}) {
  const { vici, requests } = await recordingVici(daemon);
  const terminal = new MemoryTerminal();
  const files = new OperatorMemoryFiles({ '/etc/ipsec.secrets': secrets, ...more });
  const world = {
    vici,
    terminal,
    files,
    decoders: () => Promise.reject(new Error('none')),
    environment: new Map<string, string>(),
    version: '0',
    now: () => 0,
  };
  await new IpsecLoader(world, PLACES).secrets();
  const asked = requests.map(({ command, input }) => {
    const { data: _, ...rest } = treeObject(input);
    return [command, rest] as const;
  });
  return { asked, terminal };
}

test('reading secrets again replaces those of before, and leaves those of others alone', async () => {
  const { asked, terminal } = await rereadSecrets('@a @b : PSK x\n: PKCS8 own.pem\n', {
    '/etc/ipsec.d/private/own.pem': KEY,
  });
  expect(asked).toEqual([
    ['get-keys', {}],
    ['get-shared', {}],
    ['load-shared', { id: 'ipsec.secrets-1', type: 'ike', owners: ['@a', '@b'] }],
    ['load-key', { type: 'any' }],
    ['unload-key', { id: '01' }],
    ['unload-shared', { id: 'ipsec.secrets-9' }],
  ]);
  expect(terminal.stderr).toBe('');
});

test('a malformed line unloads nothing', async () => {
  const { asked, terminal } = await rereadSecrets('@a : PSK x\n@b :PSK y\n');
  expect(asked.map(([command]) => command)).toEqual(['get-keys', 'get-shared', 'load-shared']);
  expect(terminal.stderr).toBe("/etc/ipsec.secrets:2:1: no ' : ' between identities and secret\n");
});

test('smartcards, BLISS and missing files are said with their line, and the rest is loaded', async () => {
  const { asked, terminal } = await rereadSecrets(
    ': PIN %smartcard:50 1234\n: BLISS bliss.der\n: RSA none.pem\ncarol : EAP secret\n',
  );
  expect(terminal.stderr).toBe(
    '/etc/ipsec.secrets:1: smartcards are not supported, put the key into a file\n' +
      '/etc/ipsec.secrets:2: BLISS keys are not supported, they were withdrawn as insecure: use RSA, ECDSA or Ed25519\n' +
      "mapping file '/etc/ipsec.d/private/none.pem' failed: No such file or directory, skipped\n",
  );
  expect(terminal.stderr).not.toContain('1234');
  expect(asked.filter(([command]) => command === 'load-shared')).toEqual([
    ['load-shared', { id: 'ipsec.secrets-4', type: 'eap', owners: ['carol'] }],
  ]);
});
