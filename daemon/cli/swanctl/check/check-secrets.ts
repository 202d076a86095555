import type { ConfNode } from '../../../config/conf-tree.ts';
import { findValue } from '../../../config/tree.ts';
import { parseIdentity } from '../../../proto/identity-text.ts';
import { didYouMean } from '../../../util/did-you-mean.ts';
import { errorText } from '../../../util/error.ts';
import { fromHex } from '../../../util/hex.ts';
import { Secret } from '../../../util/secret.ts';
import { FileProblem } from '../conf-messages.ts';
import { ownerKeys, secretKind, secretMessage } from '../secret-messages.ts';
import { sectionsOf } from './check-items.ts';
import type { Severity } from './finding.ts';
import { locate } from './locate.ts';
import type { CheckedConfig, CheckWorld } from './model.ts';

/** Shorter secrets can be guessed off line by whoever provokes one authentication. */
const WEAK_BELOW = 16;
/** MD4 of a password. */
const NT_HASH_OCTETS = 16;

const WORDS = ['ike', 'eap', 'ppk', 'ntlm', 'private', 'rsa', 'ecdsa', 'pkcs8', 'pkcs12'];
const TYPES = { ike: 'ike', eap: 'eap', xauth: 'eap', ntlm: 'ntlm', ppk: 'ppk' } as const;

/** Checks the section `secrets` and keeps what could be loaded. No finding contains a secret. */
export function checkSecrets(root: ConfNode, config: CheckedConfig, world: CheckWorld): void {
  for (const [name, node] of sectionsOf(root, 'secrets', world)) {
    const kind = secretKind(name);
    const say = (severity: Severity, code: string, path: readonly string[], message: string) =>
      world.findings.add({
        severity,
        code,
        position: locate(node, path),
        section: `secrets.${name}`,
        message,
      });
    if (kind.kind === 'unknown') {
      const similar = didYouMean(name.replace(/[^a-z].*$/i, ''), WORDS);
      const hint = similar === undefined ? '' : `; did you mean '${similar}'?`;
      const message = `no kind of secret: names begin with ${WORDS.join(', ')}${hint}`;
      say('error', 'unknown-secret', [], message);
    } else if (kind.kind === 'shared') {
      unusedKeys(node, (key) => key === 'secret' || key.startsWith('id'), say, ['secret', 'id']);
      checkShared(name, kind.type, node, say, config);
    } else if (kind.folder === 'token') {
      say('warning', 'not-in-effect', [], 'keys on tokens are not supported: it is ignored');
    } else {
      unusedKeys(node, (key) => key === 'file' || key.startsWith('secret'), say, [
        'file',
        'secret',
      ]);
      checkPassphrase(kind.folder, node, say, world);
    }
  }
}

type Say = (severity: Severity, code: string, path: readonly string[], message: string) => void;

function checkShared(
  name: string,
  type: string,
  node: ConfNode,
  say: Say,
  config: CheckedConfig,
): void {
  let data: Uint8Array | undefined;
  try {
    const message = secretMessage(name, type, node);
    data = message && findValue(message, 'data');
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    say('error', 'invalid-value', ['secret'], error.message);
    return;
  }
  if (data === undefined) {
    say('error', 'missing-secret', [], "it has no 'secret = …' and is ignored");
    return;
  }
  // What begins like an encoding and is none is taken as it stands, which is hardly meant.
  const text = node.value('secret')?.text ?? '';
  if (data.length === 0) say('error', 'missing-secret', ['secret'], 'the secret is empty');
  else if (looksEncoded(text)) {
    const encoding = /^0x/i.test(text) ? 'hexadecimal' : 'base64';
    const message = `begins like ${encoding} and is none: it is taken as text`;
    say('warning', 'secret-encoding', ['secret'], message);
  }
  if (type === 'ike' && data.length > 0 && data.length < WEAK_BELOW) {
    const message = `shorter than ${WEAK_BELOW} octets, it can be guessed: use a random one of 32`;
    say('warning', 'weak-secret', ['secret'], message);
  }
  if (type === 'ntlm' && data.length !== NT_HASH_OCTETS) {
    const message = `an NT hash has ${NT_HASH_OCTETS} octets, this has ${data.length}`;
    say('warning', 'invalid-secret', ['secret'], message);
  }
  const keys = ownerKeys(node);
  const owners = keys.flatMap((key) => {
    try {
      const id = node.value(key)?.text ?? '';
      return [parseIdentity(id, { allowRegex: true, path: 'owners' })];
    } catch (error) {
      const message = `parsing shared key owners failed: ${errorText(error)}`;
      say('error', 'invalid-value', [key], message);
      return [];
    }
  });
  if (owners.length < keys.length || data.length === 0) return;
  const known = Object.entries(TYPES).find(([word]) => word === type)?.[1];
  config.secrets.push({ name, node, type, owners });
  if (known !== undefined)
    config.sharedKeys.load({ id: name, type: known, data: new Secret(data), owners });
}

function looksEncoded(text: string): boolean {
  if (/^0x/i.test(text)) {
    const digits = text.slice(2).replaceAll(/[:\s]/g, '');
    return fromHex(digits.length % 2 === 1 ? `0${digits}` : digits) === undefined;
  }
  if (!/^0s/i.test(text)) return false;
  try {
    atob(text.slice(2).replaceAll(/\s/g, ''));
    return false;
  } catch {
    return true;
  }
}

function checkPassphrase(
  folder: string,
  node: ConfNode,
  say: Say,
  { files, base }: CheckWorld,
): void {
  const file = node.value('file')?.text;
  if (file === undefined) {
    say('warning', 'unused-section', [], "it names no 'file = …' and so belongs to no key");
    return;
  }
  if (!node.keys().some((key) => key.startsWith('secret')))
    say('warning', 'unused-section', [], "it has no 'secret = …' and so opens no key");
  let names: readonly string[] = [];
  try {
    names = files.list(`${base}/${folder}`).map((path) => path.slice(path.lastIndexOf('/') + 1));
  } catch {
    // Said below: the folder has no such file.
  }
  if (names.some((name) => name.toLowerCase() === file.toLowerCase())) return;
  const similar = didYouMean(file, names);
  const hint = similar === undefined ? '' : `; did you mean '${similar}'?`;
  say('warning', 'missing-file', ['file'], `there is no '${file}' in ${base}/${folder}${hint}`);
}

function unusedKeys(
  node: ConfNode,
  known: (key: string) => boolean,
  say: Say,
  words: readonly string[],
): void {
  for (const key of node.keys()) {
    if (known(key)) continue;
    const similar = didYouMean(key, words);
    const hint = similar === undefined ? '' : `: did you mean '${similar}'?`;
    say('warning', 'ignored', [key], `'${key}' is ignored${hint}`);
  }
  for (const name of node.sectionNames())
    say('warning', 'ignored', [name], `section '${name}' is ignored`);
}
