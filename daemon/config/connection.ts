import type { Crypto } from '../contracts/crypto.ts';
import { ConfigError, errorText } from '../util/error.ts';
import { EMPTY_ROUND, type ParsedRound, parseAuthRound } from './auth.ts';
import { parseChild } from './child.ts';
import type {
  AuthRoundConfig,
  ChildConfig,
  ConnectionConfig,
  IfIdConfig,
} from './connection-types.ts';
import type { CredentialReader } from './credential-reader.ts';
import { parseInteger } from './durations-text.ts';
import { ikeTimes } from './lifetimes.ts';
import { sharedProposals } from './proposal-memo.ts';
import { inSection } from './section-error.ts';
import { SectionMemo } from './section-memo.ts';
import { invalidSection, invalidValue, SectionReader, type Warn } from './section-reader.ts';
import type { Tree } from './tree.ts';
import {
  IF_ID_WORDS,
  parseAddress,
  parseAddressSpec,
  parseDscp,
  parseIfId,
  parsePort,
} from './values.ts';

/** A connection that may be loaded. */
export interface ParsedConnection {
  readonly config: ConnectionConfig;
  /** Sentences for the log: what is read but not yet in effect. */
  readonly warnings: readonly string[];
}

/** What reading a connection takes beside its text; without `credentials` it cannot carry certificates or keys. */
export interface ConnectionServices {
  readonly crypto: Crypto;
  readonly credentials?: CredentialReader;
  /** Receives each warning with its place. */
  readonly onWarning?: Warn;
}

const PORT = 'a port from 0 to 65535';
const NO_IF_ID: IfIdConfig = { kind: 'value', value: 0 };

/**
 * Reads one section of a `load-conn` request, which is a connection of swanctl.conf. Throws `ConfigError` whose message
 * begins with charon's sentence (`unknown option: …`, `invalid value for: …`, `invalid section: …`) and goes on with
 * what is allowed.
 */
export function parseConnection(
  name: string,
  tree: Tree,
  services: ConnectionServices,
): ParsedConnection {
  if (name === '') throw new ConfigError('name', 'a connection needs a name');
  const warnings: string[] = [];
  const warn: Warn = (sentence, at) => {
    warnings.push(sentence);
    services.onWarning?.(sentence, at);
  };
  const memo = SectionMemo.of(services.crypto);
  const { varying, common } = memo.split(tree, VARIES);
  const like = common === undefined ? undefined : memo.connections.get(common);
  const sections = tree.flatMap((entry) => (entry.kind === 'section' ? [entry] : []));
  if (like !== undefined) {
    const parts = readSections(sections, services, warn, memo);
    const given = addresses(new SectionReader('connection', varying, warn));
    return { config: { ...like, name, ...given, ...parts }, warnings };
  }
  const reader = new SectionReader('connection', tree, warn);
  checkVersion(reader);
  const parts = readSections(sections, services, warn, memo);
  const ppkId = reader.identity('ppk_id');
  reader.identity('mediation_peer');
  for (const key of ['aggressive', 'pull', 'mediation']) reader.bool(key, false);
  const config: ConnectionConfig = {
    name,
    ...addresses(reader),
    localPort: reader.parsed('local_port', 500, parsePort, PORT),
    remotePort: reader.parsed('remote_port', 500, parsePort, PORT),
    proposals: ikeProposals(reader, services.crypto),
    dscp: reader.parsed('dscp', 0, parseDscp, 'up to six binary digits'),
    encap: reader.bool('encap', false),
    mobike: reader.bool('mobike', true),
    dpdDelay: reader.time('dpd_delay') ?? 0,
    dpdTimeout: reader.time('dpd_timeout') ?? 0,
    fragmentation: reader.choice('fragmentation', 'yes', ['yes', 'accept', 'no', 'force']),
    childless: reader.choice('childless', 'allow', ['allow', 'prefer', 'force', 'never']),
    sendCertreq: reader.bool('send_certreq', true),
    sendCert: reader.choice('send_cert', 'ifasked', ['always', 'never', 'ifasked']),
    ocsp: reader.choice('ocsp', 'reply', ['never', 'reply', 'request', 'both']),
    ...(ppkId === undefined ? {} : { ppkId }),
    ppkRequired: reader.bool('ppk_required', false),
    keyingTries: reader.uint32('keyingtries', 1),
    unique: reader.choice('unique', 'no', ['never', 'no', 'keep', 'replace']),
    ...ikeTimes({
      rekey: reader.time('rekey_time'),
      reauth: reader.time('reauth_time'),
      over: reader.time('over_time'),
      rand: reader.time('rand_time'),
    }),
    pools: reader.texts('pools') ?? [],
    ifIdIn: reader.parsed('if_id_in', NO_IF_ID, parseIfId, IF_ID_WORDS),
    ifIdOut: reader.parsed('if_id_out', NO_IF_ID, parseIfId, IF_ID_WORDS),
    ...parts,
  };
  if (common !== undefined && warnings.length === 0) memo.connections.set(common, config);
  return { config, warnings };
}

/** Keys that differ from connection to connection where there are thousands of them. */
const VARIES: ReadonlySet<string> = new Set(['local_addrs', 'remote_addrs', 'vips']);

function addresses(
  reader: SectionReader,
): Pick<ConnectionConfig, 'localAddrs' | 'remoteAddrs' | 'vips'> {
  return {
    localAddrs: reader.has('local_addrs')
      ? reader.mapped('local_addrs', [], parseAddressSpec)
      : ANYWHERE,
    remoteAddrs: reader.has('remote_addrs')
      ? reader.mapped('remote_addrs', [], parseAddressSpec)
      : ANYWHERE,
    vips: reader.has('vips') ? reader.mapped('vips', [], parseAddress) : NONE,
  };
}

const ANYWHERE = [parseAddressSpec('%any')];
const NONE: readonly [] = [];

function checkVersion(reader: SectionReader): void {
  const version = reader.parsed('version', 2, parseInteger, '0 and 2');
  if (version === 1) {
    throw invalidValue(
      'version',
      'this daemon speaks IKEv2 only, allowed are 2 and 0 (which means 2)',
    );
  }
  if (version !== 0 && version !== 2) {
    throw invalidValue(
      'version',
      `'${version}' is no IKE version, allowed are 2 and 0 (which means 2)`,
    );
  }
}

function ikeProposals(reader: SectionReader, crypto: Crypto): ConnectionConfig['proposals'] {
  const items = reader.texts('proposals') ?? [];
  try {
    return sharedProposals('ike', items.length === 0 ? ['default'] : items, crypto);
  } catch (error) {
    throw invalidValue('proposals', errorText(error), error);
  }
}

function readSections(
  sections: SectionReader['sections'],
  { crypto, credentials }: ConnectionServices,
  warn: Warn,
  memo: SectionMemo,
): Pick<ConnectionConfig, 'local' | 'remote' | 'children'> {
  const rounds = { local: [] as ParsedRound[], remote: [] as ParsedRound[] };
  const children = new Map<string, ChildConfig>();
  for (const { name, entries } of sections) {
    const lower = name.toLowerCase();
    const side = SIDES.find((word) => lower.startsWith(word));
    if (lower !== 'children' && side === undefined)
      throw invalidSection(name, 'allowed are local..., remote... and children');
    inSection(name, () => {
      if (side === undefined) {
        const within: Warn = (sentence, at) => warn(sentence, [name, ...at]);
        for (const child of readChildren(entries, crypto, within)) children.set(child.name, child);
      } else {
        rounds[side].push(parseAuthRound(side, name, entries, { warn, credentials, memo }));
      }
    });
  }
  return {
    local: inOrder('local', rounds.local),
    remote: inOrder('remote', rounds.remote),
    children,
  };
}

const SIDES = ['local', 'remote'] as const;

function readChildren(entries: Tree, crypto: Crypto, warn: Warn): readonly ChildConfig[] {
  return entries.map((entry) => {
    if (entry.kind !== 'section') {
      throw new ConfigError(
        entry.name,
        `unknown option: ${entry.name}, config discarded: 'children' holds one section per child`,
      );
    }
    return inSection(entry.name, () => parseChild(entry.name, entry.entries, crypto, warn));
  });
}

function inOrder(side: string, rounds: readonly ParsedRound[]): readonly AuthRoundConfig[] {
  if (rounds.length > MAX_ROUNDS) {
    throw new ConfigError(
      side,
      `invalid section: ${side}: ${rounds.length} rounds of authentication, at most ${MAX_ROUNDS} are allowed`,
    );
  }
  const sorted = rounds.toSorted((a, b) => a.order - b.order).map(({ round }) => round);
  if (sorted.length > 1 && sorted.some((round) => round.class === 'null')) {
    throw new ConfigError(
      side,
      `invalid section: ${side}: auth = null proves nothing and can be the only round`,
    );
  }
  return sorted.length === 0 ? [EMPTY_ROUND] : sorted;
}

/** Each round is an exchange. */
const MAX_ROUNDS = 8;
