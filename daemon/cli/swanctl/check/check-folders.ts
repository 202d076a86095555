import type { ConfNode } from '../../../config/conf-tree.ts';
import type { ReadResult } from '../../../credentials/read-credentials.ts';
import { errorText } from '../../../util/error.ts';
import { MAX_VALUE } from '../../../vici/element.ts';
import { openContainer, openEncryptedKey } from '../../private-key-files.ts';
import { CERTIFICATE_FOLDERS, KEY_FOLDERS, tooLong } from '../folder-files.ts';
import { knownPassphrases } from '../key-folders.ts';
import type { Severity } from './finding.ts';
import type { CheckedConfig, CheckWorld, LoadedFiles } from './model.ts';

/** Loads certificates and private keys of the folders as the daemon would; resolves with what came of it. */
export async function checkFolders(
  secrets: ConfNode,
  config: CheckedConfig,
  world: CheckWorld,
): Promise<LoadedFiles> {
  for (const [folder, type, flag] of CERTIFICATE_FOLDERS) {
    for (const { path, data } of filesIn(folder, world)) {
      const outcome = config.credentials.loadFrom(`file:${path}`, type, flag, data);
      if (!outcome.ok) say(world, 'error', 'unusable-file', path, outcome.explanation);
      else if (type === 'X509') checkDates(config.credentials.read(type, flag, data), path, world);
    }
  }
  const keys = new KeyFiles(config, world);
  for (const [folder, type] of KEY_FOLDERS) {
    for (const { path, data } of filesIn(folder, world)) {
      await keys.file(path, data, folder, type, knownPassphrases(path, folder, secrets));
    }
  }
  for (const { path, data } of filesIn('pkcs12', world)) {
    await keys.container(path, data, knownPassphrases(path, 'pkcs12', secrets));
  }
  const trustsSomebody = config.credentials.store
    .snapshot()
    .list()
    .some(({ credential }) => credential.type === 'X509' && credential.flag === 'CA');
  return { keys: keys.found, sealed: keys.sealed, trustsSomebody };
}

function say(
  { findings }: CheckWorld,
  severity: Severity,
  code: string,
  file: string,
  message: string,
): void {
  findings.add({ severity, code, position: { file, line: 1, column: 1 }, message });
}

const DAY = 86_400_000;
/** Days before its end at which a certificate is worth a word. */
const SOON = 30;

function checkDates(read: ReadResult, path: string, world: CheckWorld): void {
  const { now } = world;
  for (const { credential } of read.ok ? read.credentials : []) {
    if (credential.type !== 'X509') continue;
    const { notBefore, notAfter } = credential.value;
    const day = (millis: number): string => new Date(millis).toISOString().slice(0, 10);
    if (notAfter < now) say(world, 'warning', 'expired', path, `expired on ${day(notAfter)}`);
    else if (notAfter < now + SOON * DAY)
      say(world, 'note', 'expires-soon', path, `expires on ${day(notAfter)}`);
    if (notBefore > now)
      say(world, 'warning', 'not-yet-valid', path, `not valid before ${day(notBefore)}`);
  }
}

/** Private keys of files, loaded one after the other. */
class KeyFiles {
  readonly found: { readonly path: string; readonly keyId: string }[] = [];
  sealed = 0;
  readonly #config: CheckedConfig;
  readonly #world: CheckWorld;

  constructor(config: CheckedConfig, world: CheckWorld) {
    this.#config = config;
    this.#world = world;
  }

  async file(
    path: string,
    data: Uint8Array,
    folder: string,
    type: 'any' | 'rsa' | 'ecdsa',
    known: readonly Uint8Array[],
  ): Promise<void> {
    let asked = false;
    const ask = async (): Promise<undefined> => {
      asked = true;
    };
    const opened = await openEncryptedKey(data, { known, ask });
    if (opened !== undefined || !asked) {
      await this.#load(path, opened?.data ?? data, type);
    } else {
      this.#seal(path, folder, known, 'it is encrypted, and');
    }
  }

  async container(path: string, data: Uint8Array, known: readonly Uint8Array[]): Promise<void> {
    const opened = await openContainer(data, { known, ask: async () => undefined });
    if (opened === undefined) {
      this.#seal(path, 'pkcs12', known, 'it is no PKCS#12 container, or');
      return;
    }
    const { credentials } = this.#config;
    for (const [type, objects] of [
      ['X509', opened.certificates],
      ['X509_CRL', opened.crls],
    ] as const) {
      for (const octets of objects) {
        const outcome = credentials.loadFrom(`file:${path}`, type, 'NONE', octets);
        if (!outcome.ok) say(this.#world, 'error', 'unusable-file', path, outcome.explanation);
      }
    }
    for (const key of opened.keys) await this.#load(path, key, 'any');
  }

  async #load(path: string, data: Uint8Array, type: 'any' | 'rsa' | 'ecdsa'): Promise<void> {
    const given = type === 'any' ? {} : { kind: type };
    const loaded = await this.#config.privateKeys.load({ data, origin: 'vici', ...given });
    if (loaded.ok) this.found.push({ path, keyId: loaded.key.publicKey.keyId });
    else say(this.#world, 'error', 'unusable-file', path, loaded.reason);
  }

  /** A file that its passphrases do not open: somebody may type another one. */
  #seal(path: string, folder: string, known: readonly Uint8Array[], because: string): void {
    this.sealed++;
    const typed = this.#world.prompts ? ': somebody must type it' : '';
    const message =
      known.length > 0
        ? `${because} none of the ${known.length} passphrases of secrets fits${typed}`
        : `${because} no section '${folder}…' of secrets has a passphrase for this file${typed}`;
    say(this.#world, this.#world.prompts ? 'warning' : 'error', 'passphrase', path, message);
  }
}

/** The readable files of a folder; a folder that is missing is an empty one. */
function* filesIn(
  folder: string,
  world: CheckWorld,
): Iterable<{ readonly path: string; readonly data: Uint8Array }> {
  const { files, base } = world;
  let paths: readonly string[];
  try {
    paths = files.list(`${base}/${folder}`);
  } catch {
    return;
  }
  for (const path of paths) {
    world.findings.file(path);
    try {
      const data = files.readOctets(path);
      if (data.length <= MAX_VALUE) yield { path, data };
      else say(world, 'error', 'unusable-file', path, tooLong(data));
    } catch (error) {
      say(world, 'error', 'unusable-file', path, `cannot read it: ${errorText(error)}`);
    }
  }
}
