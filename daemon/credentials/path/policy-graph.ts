/** The policy that stands for all, RFC 5280 section 4.2.1.4. */
export const ANY_POLICY = '2.5.29.32.0';

/** A policy that is valid down to one certificate of the path. */
interface PolicyNode {
  readonly policy: string;
  /** Policies that the next certificate may have because of this one. */
  expected: ReadonlySet<string>;
  readonly parents: readonly PolicyNode[];
}

type Level = Map<string, PolicyNode>;

/**
 * Policies along a path as the graph of RFC 9618: one node per policy and certificate. The tree of RFC 5280 has the same result, but
 * grows exponentially with mappings.
 */
export class PolicyGraph {
  #levels: Level[] = [
    new Map([[ANY_POLICY, { policy: ANY_POLICY, expected: new Set([ANY_POLICY]), parents: [] }]]),
  ];

  /** Whether no policy is valid any more. */
  get empty(): boolean {
    return this.#levels.length === 0;
  }

  /** Takes the policies of the next certificate, RFC 9618 section 5.2 (d), (e); without any nothing stays valid. */
  addCertificate(policies: readonly string[] | undefined, anyAllowed: boolean): void {
    if (this.empty) return;
    if (policies === undefined) {
      this.#levels = [];
      return;
    }
    const above = this.#levels.at(-1) ?? new Map();
    const expecting = expectingNodes(above);
    const any = above.get(ANY_POLICY);
    const level: Level = new Map();
    for (const policy of policies) {
      if (policy === ANY_POLICY) continue;
      const parents = expecting.get(policy) ?? (any === undefined ? [] : [any]);
      if (parents.length > 0) level.set(policy, nodeOf(policy, parents));
    }
    if (anyAllowed && policies.includes(ANY_POLICY)) {
      for (const [policy, parents] of expecting)
        if (!level.has(policy)) level.set(policy, nodeOf(policy, parents));
    }
    this.#levels.push(level);
    this.#prune();
  }

  /** Applies the mappings of a CA, RFC 9618 section 5.3 (b); where they are inhibited, what is mapped is no longer valid. */
  addMappings(
    mappings: readonly { readonly issuer: string; readonly subject: string }[],
    allowed: boolean,
  ): void {
    const level = this.#levels.at(-1);
    if (level === undefined || mappings.length === 0) return;
    const any = level.get(ANY_POLICY);
    for (const [issuer, mapped] of Map.groupBy(mappings, (mapping) => mapping.issuer)) {
      if (!allowed) {
        level.delete(issuer);
        continue;
      }
      const expected = new Set(mapped.map(({ subject }) => subject));
      const node = level.get(issuer);
      if (node !== undefined) node.expected = expected;
      else if (any !== undefined)
        level.set(issuer, { policy: issuer, expected, parents: any.parents });
    }
    this.#prune();
  }

  /**
   * The policies of the trust anchor's domain that the path is valid for, RFC 9618 section 5.4 (g); `ANY_POLICY` among them
   * means all.
   */
  authorityPolicies(): ReadonlySet<string> {
    const valid = new Set<string>();
    for (const level of this.#levels)
      for (const { policy, parents } of level.values())
        if (policy !== ANY_POLICY && parents.some((parent) => parent.policy === ANY_POLICY))
          valid.add(policy);
    if (this.#levels.at(-1)?.has(ANY_POLICY) === true) valid.add(ANY_POLICY);
    return valid;
  }

  // Nodes that lead to no policy of the last certificate.
  #prune(): void {
    let below = this.#levels.at(-1);
    for (let i = this.#levels.length - 2; i >= 0 && below !== undefined; i--) {
      const level: Level | undefined = this.#levels[i];
      const needed = new Set([...below.values()].flatMap(({ parents }) => parents));
      for (const [policy, node] of level ?? []) if (!needed.has(node)) level?.delete(policy);
      below = level;
    }
    if (this.#levels[0]?.size === 0) this.#levels = [];
  }
}

function nodeOf(policy: string, parents: readonly PolicyNode[]): PolicyNode {
  return { policy, expected: new Set([policy]), parents };
}

function expectingNodes(level: Level): Map<string, PolicyNode[]> {
  const expecting = new Map<string, PolicyNode[]>();
  for (const node of level.values())
    for (const policy of node.expected) {
      const nodes = expecting.get(policy);
      if (nodes === undefined) expecting.set(policy, [node]);
      else nodes.push(node);
    }
  return expecting;
}
