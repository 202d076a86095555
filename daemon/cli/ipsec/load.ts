import {
  ConfNode,
  type ConfPosition,
  type ConfSection,
  newSection,
  printPosition,
} from '../../config/conf-tree.ts';
import { findList, findText, list, value } from '../../config/tree.ts';
import { latin1 } from '../../util/bytes.ts';
import {
  isEncrypted,
  openContainer,
  openEncryptedKey,
  type Passphrases,
} from '../private-key-files.ts';
import { CommandContext } from '../swanctl/command.ts';
import {
  loadAddressPools,
  loadAuthorityConfigs,
  loadConnections,
} from '../swanctl/commands/load-config.ts';
import { contents } from '../swanctl/folder-files.ts';
import { convertConf, type HostFacts } from './conn-sections.ts';
import { inFolder } from './conn-words.ts';
import { faultsOf, type IpsecLoaderWorld } from './faults.ts';
import { readIpsecConf } from './ipsec-conf.ts';
import { type IpsecSecret, REFUSED, readIpsecSecrets } from './ipsec-secrets.ts';

/** Where everything is. */
export interface IpsecPlaces {
  /** `/etc/ipsec.conf` and `/etc/ipsec.secrets`. */
  readonly conf: string;
  readonly secrets: string;
  readonly host: HostFacts;
}

/** Folders below ipsec.d, and what is said of their certificates. */
export const CERTIFICATE_FOLDERS: readonly (readonly [
  folder: string,
  type: string,
  flag: string,
])[] = [
  ['cacerts', 'X509', 'CA'],
  ['aacerts', 'X509', 'AA'],
  ['ocspcerts', 'X509', 'OCSP'],
  ['acerts', 'X509_AC', 'NONE'],
  ['crls', 'X509_CRL', 'NONE'],
];

/** Loads what ipsec.conf, ipsec.secrets and the folders say into the daemon, and unloads what they say no more. */
export class IpsecLoader {
  readonly #cx: CommandContext;
  readonly #places: IpsecPlaces;
  readonly #quiet: boolean;
  readonly #world: IpsecLoaderWorld;

  /** One that is quiet tells only what failed: what was loaded is in the daemon's log. */
  constructor(world: IpsecLoaderWorld, places: IpsecPlaces, how: 'telling' | 'quiet' = 'telling') {
    this.#world = world;
    this.#cx = new CommandContext(world, []);
    this.#places = places;
    this.#quiet = how === 'quiet';
  }

  /** Everything, after unloading all if it is to be `anew`. Throws `ConfigError` before it has changed anything if ipsec.conf is broken. */
  async all(anew = false): Promise<void> {
    const conf = readIpsecConf(this.#places.conf, this.#cx.files);
    const converted = convertConf(conf, this.#places.host);
    for (const warning of converted.warnings) this.#cx.terminal.error(`${warning}\n`);
    if (anew) await this.#nothing();
    await this.certificates(CERTIFICATE_FOLDERS.map(([folder]) => folder));
    await this.secrets();
    const root = ConfNode.of(rooted(conf.setup.position.file, converted));
    const base = this.#places.host.folder;
    const config = { root, base, explain: faultsOf(this.#world, root, base) };
    for (const step of [loadAuthorityConfigs, loadAddressPools, loadConnections]) {
      await step(this.#cx, config);
    }
  }

  /** Unloads all connections, pools and authorities. */
  async #nothing(): Promise<void> {
    const config = { root: ConfNode.of(newSection(START)), base: this.#places.host.folder };
    for (const step of [loadConnections, loadAddressPools, loadAuthorityConfigs]) {
      await step(this.#cx, config);
    }
  }

  /** The certificates of some of the folders below ipsec.d. */
  async certificates(folders: readonly string[]): Promise<void> {
    const cx = this.#cx;
    for (const [folder, type, flag] of CERTIFICATE_FOLDERS) {
      if (!folders.includes(folder)) continue;
      const path = `${this.#places.host.folder}/${folder}`;
      if (!cx.files.exists(path)) continue;
      for (const file of cx.files.list(path)) {
        const data = contents(cx, file);
        if (data === undefined) continue;
        const answer = await cx.ask('load-cert', [
          value('type', type),
          value('flag', flag),
          value('data', data),
        ]);
        this.#report(`certificate from '${file}'`, findText(answer, 'errmsg'));
      }
    }
  }

  /** ipsec.secrets: what it names is loaded, what it named before is unloaded, unless the file is broken. */
  async secrets(): Promise<void> {
    const cx = this.#cx;
    if (!cx.files.exists(this.#places.secrets)) return;
    const { secrets, problem } = readIpsecSecrets(this.#places.secrets, cx.files);
    if (problem !== undefined) cx.terminal.error(`${problem.message}\n`);
    const goneKeys = await this.#known('get-keys');
    const goneShared = await this.#known('get-shared');
    for (const [i, secret] of secrets.entries()) {
      const type = SHARED.get(secret.type);
      if (type === undefined) {
        const ids = await this.#key(secret);
        for (const id of ids ?? []) goneKeys.delete(id);
        // with nobody to ask for its passphrase, which of the loaded ones it is cannot be told
        if (ids === undefined) goneKeys.clear();
      } else {
        const id = `${PREFIX}${i + 1}`;
        goneShared.delete(id);
        await this.#shared(id, type, secret);
      }
    }
    // who mistypes a line must not lose what stood below it
    if (problem !== undefined) return;
    for (const id of goneKeys) await cx.ask('unload-key', [value('id', id)]);
    for (const id of goneShared)
      if (id.startsWith(PREFIX)) await cx.ask('unload-shared', [value('id', id)]);
  }

  /** Names of what the daemon has now. */
  async #known(request: string): Promise<Set<string>> {
    return new Set((findList(await this.#cx.ask(request), 'keys') ?? []).map(latin1));
  }

  async #shared(id: string, type: string, secret: IpsecSecret): Promise<void> {
    const { data, selectors, position } = secret;
    const answer = await this.#cx.ask('load-shared', [
      value('id', id),
      value('type', type),
      value('data', data ?? new Uint8Array(0)),
      list('owners', selectors),
    ]);
    data?.fill(0);
    const what = `${type} secret for ${selectors.join(' ')}`;
    this.#report(what, findText(answer, 'errmsg'), position);
  }

  /** Loads the keys of a file; the result are their names, `undefined` if no passphrase opens it. */
  async #key(secret: IpsecSecret): Promise<readonly string[] | undefined> {
    const cx = this.#cx;
    const refusal = REFUSED.get(secret.type);
    if (refusal !== undefined) {
      cx.terminal.error(`${secret.position.file}:${secret.position.line}: ${refusal}\n`);
      return [];
    }
    const path = inFolder(secret.file ?? '', `${this.#places.host.folder}/private`);
    const data = contents(cx, path);
    if (data === undefined) {
      cx.terminal.error(`${printPosition(secret.position)}: names the file '${path}'\n`);
      return [];
    }
    const passphrases = {
      known: secret.data === undefined ? [] : [secret.data],
      ask: () => cx.terminal.askSecret(`Passphrase for '${path}': `),
    };
    try {
      if (secret.type === 'P12') return await this.#container(path, data, passphrases);
      const opened = await openEncryptedKey(data, passphrases);
      if (opened === undefined && (await isEncrypted(data))) return this.#closed(path);
      const type = opened?.type ?? KEY_TYPES.get(secret.type) ?? 'any';
      return await this.#send('load-key', type, opened?.data ?? data, path);
    } finally {
      data.fill(0);
    }
  }

  async #container(
    path: string,
    data: Uint8Array,
    passphrases: Passphrases,
  ): Promise<readonly string[] | undefined> {
    const opened = await openContainer(data, passphrases);
    if (opened === undefined) return this.#closed(path);
    for (const certificate of opened.certificates)
      await this.#send('load-cert', 'X509', certificate, path);
    for (const crl of opened.crls) await this.#send('load-cert', 'X509_CRL', crl, path);
    const ids: string[] = [];
    for (const key of opened.keys) ids.push(...(await this.#send('load-key', 'any', key, path)));
    return ids;
  }

  async #send(
    command: string,
    type: string,
    data: Uint8Array,
    path: string,
  ): Promise<readonly string[]> {
    const answer = await this.#cx.ask(command, [value('type', type), value('data', data)]);
    data.fill(0);
    const what = command === 'load-cert' ? 'certificate' : 'private key';
    this.#report(`${what} from '${path}'`, findText(answer, 'errmsg'));
    const id = findText(answer, 'id');
    return id === undefined ? [] : [id];
  }

  #closed(path: string): undefined {
    this.#report(`'${path}'`, 'no passphrase that fits');
    return undefined;
  }

  #report(what: string, problem: string | undefined, position?: ConfPosition): void {
    const { terminal } = this.#cx;
    const place = position === undefined ? '' : `${printPosition(position)}: `;
    if (problem !== undefined && problem !== '')
      terminal.error(`${place}loading ${what} failed: ${problem}\n`);
    else if (!this.#quiet) terminal.out(`loaded ${what}\n`);
  }
}

/** How secrets of ipsec.secrets are named in the daemon. */
const PREFIX = 'ipsec.secrets-';
const START = { file: '', line: 1, column: 1 };

const SHARED: ReadonlyMap<string, string> = new Map([
  ['PSK', 'ike'],
  ['EAP', 'eap'],
  ['XAUTH', 'xauth'],
  ['NTLM', 'ntlm'],
]);

const KEY_TYPES: ReadonlyMap<string, string> = new Map([
  ['RSA', 'rsa'],
  ['ECDSA', 'ecdsa'],
]);

/** The sections as those of a file. */
export function rooted(
  file: string,
  sections: Readonly<Record<'connections' | 'pools' | 'authorities', ConfSection>>,
): ConfSection {
  const root = newSection({ file, line: 1, column: 1 });
  for (const name of ['authorities', 'pools', 'connections'] as const)
    if (sections[name].sections.size > 0) root.sections.set(name, sections[name]);
  return root;
}
