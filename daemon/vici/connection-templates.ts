import { isPlainRound } from '../config/auth.ts';
import type { AuthRoundConfig, ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import { SectionMemo } from '../config/section-memo.ts';
import { parseAddress, parseAddressSpec } from '../config/values.ts';
import type { Crypto } from '../contracts/crypto.ts';
import { parseIdentity } from '../proto/identity-text.ts';
import { parseSelector, type SelectorConfig } from '../proto/traffic-selector-text.ts';
import { Recent } from '../util/recent.ts';
import { Part, SectionShape } from './section-shape.ts';

/** Templates remembered. */
const LIMIT = 128;

/**
 * Connections read lately, as templates for others: of thousands each differs from the one before in names, addresses, an identity and
 * selectors. Those are read, and all the rest is taken over without looking at it.
 */
export class ConnectionTemplates {
  static readonly #known = new WeakMap<Crypto, ConnectionTemplates>();
  readonly #memo: SectionMemo;
  readonly #shape = new SectionShape();
  readonly #templates = new Recent<Template>(LIMIT);

  private constructor(memo: SectionMemo) {
    this.#memo = memo;
  }

  /** The ones for these algorithms: proposals depend on them. */
  static of(crypto: Crypto): ConnectionTemplates {
    const known = ConnectionTemplates.#known.get(crypto);
    if (known !== undefined) return known;
    const templates = new ConnectionTemplates(SectionMemo.of(crypto));
    ConnectionTemplates.#known.set(crypto, templates);
    return templates;
  }

  /**
   * The connection of a section, the same that `parseConnection` would read, if one like it is remembered; `undefined` if not, and if anything is
   * wrong with it: then it is for `parseConnection` to say what.
   */
  read(name: string, octets: Uint8Array): ConnectionConfig | undefined {
    const shape = this.#shape;
    const text = name === '' ? undefined : shape.take(octets);
    const template = text === undefined ? undefined : this.#templates.get(text);
    const config = template?.fill(name, shape, this.#memo);
    shape.clear();
    return config;
  }

  /** Takes a connection that was read without a warning as a template for others, if it can be one. */
  remember(octets: Uint8Array, config: ConnectionConfig): void {
    const text = this.#shape.take(octets);
    if (text !== undefined && isTemplate(this.#shape, config))
      this.#templates.set(text, new Template(this.#shape, config));
    this.#shape.clear();
  }
}

/** Each part must be that of one value, and certificates and keys may read differently another time. */
function isTemplate(shape: SectionShape, { local, remote, children }: ConnectionConfig): boolean {
  if (local.length > 1 || remote.length > 1) return false;
  if (![...local, ...remote].every(isPlainRound)) return false;
  const seen = new Set<Part | undefined>();
  let names = 0;
  for (let i = 0; i < shape.count; i++) {
    const part = shape.partAt(i);
    if (part === Part.CHILD) {
      names++;
      seen.delete(Part.LOCAL_TS);
      seen.delete(Part.REMOTE_TS);
    } else if (seen.has(part)) return false;
    else seen.add(part);
  }
  return names === children.size;
}

class Template {
  readonly #config: ConnectionConfig;
  readonly #children: readonly ChildConfig[];
  /** What its own parts are written as: who says the same has the same value. */
  readonly #octets: readonly Uint8Array[];

  constructor(shape: SectionShape, config: ConnectionConfig) {
    this.#config = config;
    this.#children = [...config.children.values()];
    this.#octets = Array.from({ length: shape.count }, (_, i) => shape.octetsAt(i));
  }

  /** A connection with the parts of this shape; `undefined` if one of them cannot be read. */
  fill(name: string, shape: SectionShape, memo: SectionMemo): ConnectionConfig | undefined {
    const like = this.#config;
    let { localAddrs, remoteAddrs, vips, local, remote } = like;
    const children = new Map<string, ChildConfig>();
    let [at, child] = [0, 0];
    try {
      while (at < this.#octets.length) {
        const part = shape.partAt(at);
        if (part === Part.CHILD) {
          const read = this.#child(this.#children[child++], at, shape, memo);
          if (read !== undefined) children.set(read.name, read);
        } else if (!this.#isOwn(at, shape)) {
          if (part === Part.LOCAL_ID) local = named(local, shape.textAt(at));
          else if (part === Part.REMOTE_ID) remote = named(remote, shape.textAt(at));
          else if (part === Part.LOCAL_ADDRS) localAddrs = shape.itemsAt(at).map(parseAddressSpec);
          else if (part === Part.REMOTE_ADDRS)
            remoteAddrs = shape.itemsAt(at).map(parseAddressSpec);
          else if (part === Part.VIPS) vips = shape.itemsAt(at).map(parseAddress);
        }
        at++;
      }
    } catch {
      return undefined;
    }
    return { ...like, name, localAddrs, remoteAddrs, vips, local, remote, children };
  }

  /** The child whose name is at that place; its selectors follow. */
  #child(
    like: ChildConfig | undefined,
    place: number,
    shape: SectionShape,
    memo: SectionMemo,
  ): ChildConfig | undefined {
    if (like === undefined) return undefined;
    let { localTs, remoteTs } = like;
    for (let at = place + 1; at < this.#octets.length && shape.partAt(at) !== Part.CHILD; at++) {
      if (this.#isOwn(at, shape)) continue;
      if (shape.partAt(at) === Part.LOCAL_TS) localTs = selectors('local_ts', at, shape, memo);
      else if (shape.partAt(at) === Part.REMOTE_TS)
        remoteTs = selectors('remote_ts', at, shape, memo);
    }
    return { ...like, name: shape.textAt(place), localTs, remoteTs };
  }

  #isOwn(at: number, shape: SectionShape): boolean {
    return shape.equals(at, this.#octets[at]);
  }
}

function named(rounds: readonly AuthRoundConfig[], id: string): readonly AuthRoundConfig[] {
  return rounds.map((round) => ({ ...round, id: parseIdentity(id, ID_OPTIONS) }));
}

const ID_OPTIONS = { allowRegex: true, path: 'id' };

function selectors(
  key: 'local_ts' | 'remote_ts',
  at: number,
  shape: SectionShape,
  memo: SectionMemo,
): readonly SelectorConfig[] {
  const texts = shape.itemsAt(at);
  return memo.selectors(key, texts, () => texts.map((one) => parseSelector(one, undefined, key)));
}
