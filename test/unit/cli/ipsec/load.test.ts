import { expect, test } from 'vitest';
import { IpsecLoader } from '../../../../daemon/cli/ipsec/load.ts';
import { list, value } from '../../../../daemon/config/tree.ts';
import { pkcs12 } from '../../../interop/pkcs12.ts';
import { pem } from '../../../lab/credentials.ts';
import { TestCa } from '../../../sim/pki.ts';
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

/** Files of which some are octets, and a terminal at which somebody knows these passphrases. */
async function rereadSecrets(
  secrets: string,
  more: Readonly<Record<string, string | Uint8Array>> = {},
  passphrases: readonly string[] = [],
) {
  const { vici, requests } = await recordingVici(daemon);
  const questions: string[] = [];
  class Person extends MemoryTerminal {
    override askSecret(question?: string): Promise<Uint8Array | undefined> {
      const typed = passphrases[questions.length];
      questions.push(question ?? '');
      return Promise.resolve(typed === undefined ? undefined : new TextEncoder().encode(typed));
    }
  }
  const terminal = new Person();
  const octets = new Map(Object.entries(more).filter(([, text]) => typeof text !== 'string'));
  const texts = Object.entries(more).map(([path, text]) => [path, String(text)] as const);
  class Files extends OperatorMemoryFiles {
    override readOctets(path: string): Uint8Array {
      const found = octets.get(path);
      return found instanceof Uint8Array ? found.slice() : super.readOctets(path);
    }
  }
  const files = new Files({ '/etc/ipsec.secrets': secrets, ...Object.fromEntries(texts) });
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
  return { asked, terminal, questions };
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
      "mapping file '/etc/ipsec.d/private/none.pem' failed: No such file or directory, skipped\n" +
      "/etc/ipsec.secrets:3:1: names the file '/etc/ipsec.d/private/none.pem'\n",
  );
  expect(terminal.stderr).not.toContain('1234');
  expect(asked.filter(([command]) => command === 'load-shared')).toEqual([
    ['load-shared', { id: 'ipsec.secrets-4', type: 'eap', owners: ['carol'] }],
  ]);
});

/** A key as a file, encrypted with this passphrase. */
function encrypted(kind: 'p256' | 'rsa2048', passphrase: string): string {
  return String(
    keyPair(kind).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase,
    }),
  );
}

const loads = (asked: readonly (readonly [string, unknown])[]) =>
  asked.filter(([command]) => command.startsWith('load-'));
const unloads = (asked: readonly (readonly [string, unknown])[]) =>
  asked.filter(([command]) => command.startsWith('unload-'));

test('each kind of secret becomes what the daemon calls it', async () => {
  const { asked, terminal } = await rereadSecrets(
    [
      ': PSK anybody',
      '@a %any : PSK 0x0102',
      'carol : EAP "pass word"',
      'dave : NTLM 0x0102030405060708090a0b0c0d0e0f10',
      'server erna : XAUTH x',
      ': RSA rsa.pem clear',
      ': ECDSA ec.pem "clear too"',
      ': PKCS8 /elsewhere/any.pem',
      ': P12 all.p12 container',
    ].join('\n'),
    {
      '/etc/ipsec.d/private/rsa.pem': encrypted('rsa2048', 'clear'),
      '/etc/ipsec.d/private/ec.pem': encrypted('p256', 'clear too'),
      '/elsewhere/any.pem': KEY,
      '/etc/ipsec.d/private/all.p12': container('container'),
    },
  );
  expect(terminal.stderr).toBe('');
  const shared = (n: number, type: string, ...owners: readonly string[]) => [
    'load-shared',
    { id: `ipsec.secrets-${n}`, type, owners },
  ];
  expect(loads(asked)).toEqual([
    shared(1, 'ike'),
    shared(2, 'ike', '@a', '%any'),
    shared(3, 'eap', 'carol'),
    shared(4, 'ntlm', 'dave'),
    shared(5, 'xauth', 'server', 'erna'),
    ['load-key', { type: 'rsa' }],
    ['load-key', { type: 'ecdsa' }],
    ['load-key', { type: 'any' }],
    ['load-cert', { type: 'X509' }],
    ['load-cert', { type: 'X509' }],
    ['load-key', { type: 'any' }],
  ]);
});

function container(passphrase: string): Uint8Array {
  const ca = new TestCa('CA');
  const own = ca.issue('own');
  return pkcs12(own.certificate, own.privateKey, passphrase, [ca.self.certificate]);
}

test('a person is asked for what %prompt stands for, once for each file', async () => {
  const { asked, questions } = await rereadSecrets(
    ': ECDSA ec.pem %prompt\n: P12 all.p12 %prompt\n',
    {
      '/etc/ipsec.d/private/ec.pem': encrypted('p256', 'typed'),
      '/etc/ipsec.d/private/all.p12': container('typed too'),
    },
    ['typed', 'typed too'],
  );
  expect(questions).toEqual([
    "Passphrase for '/etc/ipsec.d/private/ec.pem': ",
    "Passphrase for '/etc/ipsec.d/private/all.p12': ",
  ]);
  expect(loads(asked).map(([command]) => command)).toEqual([
    'load-key',
    'load-cert',
    'load-cert',
    'load-key',
  ]);
});

test.each([
  ['%prompt', [], 'nobody to ask'],
  ['%prompt', ['wrong'], 'a typing error'],
  ['wrong', [], 'a wrong passphrase'],
])('a key that %s does not open keeps those that are loaded: %s, %s', async (word, typed) => {
  const { asked, terminal } = await rereadSecrets(
    `: PSK x\n: ECDSA ec.pem ${word}\n`,
    { '/etc/ipsec.d/private/ec.pem': encrypted('p256', 'right') },
    typed,
  );
  expect(terminal.stderr).toBe(
    "loading '/etc/ipsec.d/private/ec.pem' failed: no passphrase that fits\n",
  );
  expect(loads(asked).map(([command]) => command)).toEqual(['load-shared']);
  expect(unloads(asked)).toEqual([['unload-shared', { id: 'ipsec.secrets-9' }]]);
});
