import type { Crypto } from '../contracts/crypto.ts';
import type { Proposal } from '../proto/proposal.ts';
import { parseSelector } from '../proto/traffic-selector-text.ts';
import { errorText } from '../util/error.ts';
import type { ChildConfig, IfIdConfig, MarkConfig } from './connection-types.ts';
import { parseInteger, parseSize, parseUint32 } from './durations-text.ts';
import { lifetimeRange } from './lifetimes.ts';
import { parseBoolWord } from './option-kinds.ts';
import { sharedProposals } from './proposal-memo.ts';
import { SectionMemo } from './section-memo.ts';
import { invalidSection, invalidValue, SectionReader, type Warn } from './section-reader.ts';
import type { Tree } from './tree.ts';
import {
  ACTION_WORDS,
  IF_ID_WORDS,
  MARK_WORDS,
  parseActions,
  parseIfId,
  parseMark,
  parseSetMark,
  SET_MARK_WORDS,
} from './values.ts';

const NO_MARK: MarkConfig = { kind: 'none' };
const NO_IF_ID: IfIdConfig = { kind: 'value', value: 0 };
const MAX_REPLAY_WINDOW = 4096;
const ACTIONS = ['none', 'trap', 'start', 'restart', 'trap|start'];
const DYNAMIC = ['dynamic'];
const OFFLOADS = ['no', 'yes', 'crypto', 'packet', 'auto'];

/** Keys that differ from child to child where there are thousands of them. */
const VARIES: ReadonlySet<string> = new Set(['local_ts', 'remote_ts']);

/** Reads a `children.<name>` section; what a like one said before is not read again. */
export function parseChild(name: string, tree: Tree, crypto: Crypto, warn: Warn): ChildConfig {
  const memo = SectionMemo.of(crypto);
  const { varying, common } = memo.split(tree, VARIES);
  if (common === undefined || tree.some(({ kind }) => kind === 'section'))
    return readChild(name, tree, crypto, warn);
  const like = memo.children.get(common);
  if (like !== undefined)
    return { ...like, name, ...selectors(new SectionReader('child', varying, warn), memo) };
  let warned = false;
  const child = readChild(name, tree, crypto, (...what) => {
    warned = true;
    warn(...what);
  });
  if (!warned) memo.children.set(common, child);
  return child;
}

function readChild(name: string, tree: Tree, crypto: Crypto, warn: Warn): ChildConfig {
  const reader = new SectionReader('child', tree, (sentence, at) =>
    warn(`child '${name}': ${sentence}`, [name, ...at]),
  );
  const inner = reader.sections[0];
  if (inner !== undefined) {
    throw invalidSection(inner.name, `child '${name}' has no sub-sections`);
  }
  const updown = reader.text('updown');
  const interfaceName = reader.text('interface');
  const label = reader.text('label');
  const replayWindow = parseReplayWindow(reader);
  return {
    name,
    proposals: childProposals(reader, tree, crypto),
    sha256Trunc96: reader.bool('sha256_96', false),
    ...selectors(reader, SectionMemo.of(crypto)),
    ...lifetimes(name, reader, warn),
    ...(updown === undefined ? {} : { updown }),
    hostaccess: reader.bool('hostaccess', false),
    mode: reader.choice('mode', 'tunnel', [
      'tunnel',
      'transport',
      'transport_proxy',
      'beet',
      'iptfs',
      'pass',
      'drop',
    ]),
    policies: reader.bool('policies', true),
    policiesFwdOut: reader.bool('policies_fwd_out', false),
    ...actions(reader),
    ipcomp: reader.bool('ipcomp', false),
    inactivity: reader.time('inactivity') ?? 0,
    reqid: reader.uint32('reqid', 0),
    priority: reader.uint32('priority', 0),
    ...(interfaceName === undefined ? {} : { interface: interfaceName }),
    ...marks(reader),
    ...(label === undefined ? {} : { label }),
    labelMode: reader.choice('label_mode', 'system', ['system', 'simple', 'selinux']),
    tfcPadding: reader.parsed('tfc_padding', 0, parseTfc, 'octets or mtu'),
    ...(replayWindow === undefined ? {} : { replayWindow }),
    perCpuSas: reader.parsed('per_cpu_sas', 'no', parsePerCpu, 'yes, no, encap', ['encap']),
    hwOffload: reader.parsed('hw_offload', 'no', parseOffload, OFFLOADS.join(', '), OFFLOADS),
    copyDf: reader.bool('copy_df', true),
    copyEcn: reader.bool('copy_ecn', true),
    copyDscp: reader.choice('copy_dscp', 'out', ['out', 'in', 'yes', 'no']),
    icmp: reader.bool('icmp', false),
  };
}

function selectors(
  reader: SectionReader,
  memo: SectionMemo,
): Pick<ChildConfig, 'localTs' | 'remoteTs'> {
  const of = (key: 'local_ts' | 'remote_ts') =>
    memo.selectors(key, reader.texts(key) ?? DYNAMIC, () =>
      reader.mapped(key, DYNAMIC, (one) => parseSelector(one, undefined, key)),
    );
  return { localTs: of('local_ts'), remoteTs: of('remote_ts') };
}

// ESP and AH proposals share one list in order of appearance; `default` is used if neither is given.
function childProposals(reader: SectionReader, tree: Tree, crypto: Crypto): readonly Proposal[] {
  const keys = { esp_proposals: 'esp', ah_proposals: 'ah' } as const;
  const names = tree.map((entry) => entry.name).filter((key) => Object.hasOwn(keys, key));
  const lists = [...(new Set(names) as Set<keyof typeof keys>)].map((key) => {
    try {
      return sharedProposals(keys[key], reader.texts(key) ?? [], crypto);
    } catch (error) {
      throw invalidValue(key, errorText(error), error);
    }
  });
  const given = lists.filter((list) => list.length > 0);
  if (given.length > 1) return given.flat();
  return given[0] ?? sharedProposals('esp', ['default'], crypto);
}

function lifetimes(
  name: string,
  reader: SectionReader,
  warn: Warn,
): Pick<ChildConfig, 'time' | 'bytes' | 'packets'> {
  const size = (key: string): number | undefined =>
    reader.parsed(key, undefined, parseSize, 'a whole number, optionally with unit k, m or g');
  const count = (key: string): number | undefined =>
    reader.parsed(key, undefined, natural, 'a whole number');
  const of = (unit: string, read: (key: string) => number | undefined, fallback: number) => {
    const range = lifetimeRange(
      { rekey: read(`rekey_${unit}`), life: read(`life_${unit}`), rand: read(`rand_${unit}`) },
      fallback,
    );
    if (range.life > 0 && range.life < range.rekey) {
      const sentence = `life_${unit} is below rekey_${unit}: it ends before it is rekeyed`;
      warn(`child '${name}': ${sentence}`, [name, `life_${unit}`]);
    }
    return range;
  };
  return {
    time: of('time', (key) => reader.time(key), 3600),
    bytes: of('bytes', size, 0),
    packets: of('packets', count, 0),
  };
}

function actions(
  reader: SectionReader,
): Pick<ChildConfig, 'dpdAction' | 'startAction' | 'closeAction'> {
  const none = { trap: false, start: false };
  const of = (key: string): ChildConfig['startAction'] =>
    reader.parsed(key, none, parseActions, ACTION_WORDS, ACTIONS);
  return {
    dpdAction: of('dpd_action'),
    startAction: of('start_action'),
    closeAction: of('close_action'),
  };
}

function marks(
  reader: SectionReader,
): Pick<
  ChildConfig,
  'markIn' | 'markInSa' | 'markOut' | 'setMarkIn' | 'setMarkOut' | 'ifIdIn' | 'ifIdOut'
> {
  return {
    markIn: reader.parsed('mark_in', NO_MARK, parseMark, MARK_WORDS),
    markInSa: reader.bool('mark_in_sa', false),
    markOut: reader.parsed('mark_out', NO_MARK, parseMark, MARK_WORDS),
    setMarkIn: reader.parsed('set_mark_in', NO_MARK, parseSetMark, SET_MARK_WORDS),
    setMarkOut: reader.parsed('set_mark_out', NO_MARK, parseSetMark, SET_MARK_WORDS),
    ifIdIn: reader.parsed('if_id_in', NO_IF_ID, parseIfId, IF_ID_WORDS),
    ifIdOut: reader.parsed('if_id_out', NO_IF_ID, parseIfId, IF_ID_WORDS),
  };
}

function parseReplayWindow(reader: SectionReader): number | undefined {
  const allowed = `a whole number from 0 to ${MAX_REPLAY_WINDOW}`;
  return reader.parsed('replay_window', undefined, upTo(MAX_REPLAY_WINDOW), allowed);
}

function upTo(limit: number): (text: string) => number | undefined {
  return (text) => {
    const number = parseUint32(text);
    return number === undefined || number > limit ? undefined : number;
  };
}

function natural(text: string): number | undefined {
  const number = parseInteger(text);
  return number === undefined || number < 0 ? undefined : number;
}

function parseTfc(text: string): number | 'mtu' | undefined {
  return text.toLowerCase() === 'mtu' ? 'mtu' : upTo(0xffff)(text);
}

function parsePerCpu(text: string): ChildConfig['perCpuSas'] | undefined {
  if (text.toLowerCase() === 'encap') return 'encap';
  const word = parseBoolWord(text);
  if (word === undefined) return undefined;
  return word ? 'yes' : 'no';
}

function parseOffload(text: string): ChildConfig['hwOffload'] | undefined {
  const word = text.toLowerCase();
  if (word === 'yes') return 'crypto';
  return (['no', 'crypto', 'packet', 'auto'] as const).find((known) => known === word);
}
