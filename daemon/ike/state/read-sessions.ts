import type { ChildConfig, ConnectionConfig } from '../../config/connection-types.ts';
import type { ChildSaSpec } from '../../kernel/child-sa-spec.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { SavedWindow } from '../message-window.ts';
import { restoreOutboundKeys } from './child-links.ts';
import { childConfig, connectionConfig } from './config-shapes.ts';
import { type LastWords, lastWords } from './last-words.ts';
import { type RecordKind, recordKey } from './record-keys.ts';
import { type SavedChild, savedChild } from './saved-child.ts';
import { readParts, type SavedIke, savedIke } from './saved-ike.ts';
import { readKeys, type SessionKeys } from './saved-keys.ts';
import { type SavedTasks, savedTasks } from './saved-task.ts';
import { savedWindow } from './saved-window.ts';
import { type Plain, type Shape, ShapeError, uint } from './shape.ts';
import type { TimeBase } from './time-base.ts';

/** One IKE_SA that a predecessor left, checked and complete. */
export interface LeftSession {
  readonly ike: SavedIke;
  readonly parts: readonly ((sa: IkeSa, time: TimeBase) => void)[];
  readonly keys: SessionKeys;
  /** No IV above it was used. */
  readonly ivLimit: number;
  readonly window: SavedWindow;
  readonly tasks: SavedTasks;
  readonly connection: ConnectionConfig | undefined;
  readonly children: readonly LeftChild[];
  /** The private key of the request that is out; empty if there is none. */
  readonly taskKey: Uint8Array;
}

export interface LeftChild {
  readonly saved: SavedChild;
  readonly config: ChildConfig;
  /** With the keys of what sends, as long as that is not installed. */
  readonly spec: ChildSaSpec;
  readonly keys: Disposable | undefined;
}

/** Everything a predecessor left. */
export interface LeftSessions {
  readonly sessions: readonly LeftSession[];
  readonly words: readonly LastWords[];
  /** One sentence for each IKE_SA that could not be read. */
  readonly rejected: readonly string[];
  /** Above every number of a configuration record. */
  readonly nextConfig: number;
}

/**
 * Reads the records of a predecessor. What cannot be read exactly is left out together with the IKE_SA it belongs to; the
 * octets of keys are copied.
 */
export function readSessions(records: ReadonlyMap<string, Uint8Array>): LeftSessions {
  const source = new Records(records);
  const connections = source.shared('connection', connectionConfig);
  const childConfigs = source.shared('childConfig', childConfig);
  const rejected: string[] = [];
  const attempt = <T>(what: string, read: () => T): T[] => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      rejected.push(`${what}: ${error.message}`);
      return [];
    }
  };
  const children = new Map<number, LeftChild[]>();
  const read = (id: number): LeftChild => {
    const saved = source.json('child', id, savedChild);
    const connection = connections.get(source.json('ike', saved.ike, savedIke).connection ?? '');
    const config = saved.ownConfig
      ? childConfigs.get(saved.config)
      : connection?.children.get(saved.config);
    if (config === undefined) throw new ShapeError('child.config', 'a known configuration');
    if (saved.links.outbound !== 'REGISTERED') {
      return { saved, config, spec: saved.spec, keys: undefined };
    }
    const { spec, keys } = restoreOutboundKeys(saved.proposal, source.octets('childKeys', id));
    return { saved, config, spec: { ...saved.spec, ...spec }, keys };
  };
  const unusable = new Set<number>();
  for (const id of source.ids('child')) {
    const found = attempt(`CHILD_SA {${id}}`, () => read(id));
    for (const child of found) {
      const siblings = children.get(child.saved.ike);
      if (siblings === undefined) children.set(child.saved.ike, [child]);
      else siblings.push(child);
    }
    if (found.length === 0) unusable.add(id);
  }
  const sessions = source.ids('ike').flatMap((id) =>
    attempt(`IKE_SA [${id}]`, (): LeftSession => {
      const ike = source.json('ike', id, savedIke);
      if (ike.uniqueId !== id) throw new ShapeError('ike.uniqueId', 'the number of the record');
      const connection = ike.connection === undefined ? undefined : connections.get(ike.connection);
      if (ike.connection !== undefined && connection === undefined)
        throw new ShapeError('ike.connection', 'a known configuration');
      return {
        ike,
        parts: readParts(ike.parts),
        ivLimit: source.json('ivs', id, uint(), 0),
        window: source.json('window', id, savedWindow),
        tasks: source.json('tasks', id, savedTasks),
        connection,
        children: children.get(id) ?? [],
        taskKey: source.optional('taskKey', id),
        keys: readKeys(source.octets('keys', id)),
      };
    }),
  );
  const words = source
    .ids('last')
    .flatMap((id) => attempt(`last words of [${id}]`, () => source.json('last', id, lastWords)));
  const configs = [...source.ids('connection'), ...source.ids('childConfig')];
  return { sessions, words, rejected, nextConfig: configs.reduce((a, b) => Math.max(a, b), 0) + 1 };
}

/** Records by kind and number; each lookup is one. */
class Records {
  readonly #records: ReadonlyMap<string, Uint8Array>;
  readonly #ids = new Map<string, number[]>();

  constructor(records: ReadonlyMap<string, Uint8Array>) {
    this.#records = records;
    for (const key of records.keys()) {
      const match = /^(\w+) (\d{1,15})$/.exec(key);
      if (match === null) continue;
      const kind = match[1] ?? '';
      const list = this.#ids.get(kind);
      if (list === undefined) this.#ids.set(kind, [Number(match[2])]);
      else list.push(Number(match[2]));
    }
  }

  /** In ascending order. */
  ids(kind: RecordKind): readonly number[] {
    return (this.#ids.get(kind) ?? []).sort((a, b) => a - b);
  }

  octets(kind: RecordKind, id: number): Uint8Array {
    const octets = this.#records.get(recordKey(kind, id));
    if (octets === undefined) throw new ShapeError(kind, 'a record');
    return octets;
  }

  /** A copy, empty if there is none. */
  optional(kind: RecordKind, id: number): Uint8Array {
    return this.#records.get(recordKey(kind, id))?.slice() ?? new Uint8Array(0);
  }

  json<T>(kind: RecordKind, id: number, shape: Shape<T>, absent?: T): T {
    if (absent !== undefined && !this.#records.has(recordKey(kind, id))) return absent;
    return shape.read(parsed(this.octets(kind, id), kind), kind);
  }

  /** Those that can be read, by the name of their record. */
  shared<T>(kind: RecordKind, shape: Shape<T>): ReadonlyMap<string, T> {
    const found = new Map<string, T>();
    for (const id of this.ids(kind)) {
      try {
        found.set(recordKey(kind, id), this.json(kind, id, shape));
      } catch (error) {
        // Whoever needs it is rejected.
        if (!(error instanceof ShapeError)) throw error;
      }
    }
    return found;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function parsed(octets: Uint8Array, path: string): Plain {
  try {
    return JSON.parse(decoder.decode(octets));
  } catch {
    throw new ShapeError(path, 'JSON');
  }
}
