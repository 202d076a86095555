import { ANY_POLICY } from '../../daemon/credentials/path/policy-graph.ts';

interface Node {
  readonly policy: string;
  expected: ReadonlySet<string>;
  readonly children: Node[];
}

/** The valid_policy_tree of RFC 5280 section 6.1, word for word and as large as it gets: what the graph must agree with. */
export class PolicyTree {
  #root: Node | undefined = { policy: ANY_POLICY, expected: new Set([ANY_POLICY]), children: [] };
  #depth = 0;

  /** Section 6.1.3 (d), (e). */
  addCertificate(policies: readonly string[] | undefined, anyAllowed: boolean): void {
    if (policies === undefined) this.#root = undefined;
    const above = this.#level(this.#depth);
    this.#depth++;
    for (const policy of policies ?? []) {
      if (policy === ANY_POLICY) continue;
      const matching = above.filter(({ expected }) => expected.has(policy));
      const any = above.filter((node) => node.policy === ANY_POLICY);
      for (const parent of matching.length > 0 ? matching : any) add(parent, policy);
    }
    if (anyAllowed && policies?.includes(ANY_POLICY) === true)
      for (const parent of above)
        for (const policy of parent.expected)
          if (!parent.children.some((child) => child.policy === policy)) add(parent, policy);
    this.#prune();
  }

  /** Section 6.1.4 (b). */
  addMappings(
    mappings: readonly { readonly issuer: string; readonly subject: string }[],
    allowed: boolean,
  ): void {
    for (const [issuer, mapped] of Map.groupBy(mappings, (mapping) => mapping.issuer)) {
      const expected = new Set(mapped.map(({ subject }) => subject));
      const nodes = this.#level(this.#depth).filter(({ policy }) => policy === issuer);
      const parents = this.#level(this.#depth - 1);
      if (!allowed) {
        for (const { children } of parents)
          for (const node of nodes)
            if (children.includes(node)) children.splice(children.indexOf(node), 1);
      } else if (nodes.length > 0) for (const node of nodes) node.expected = expected;
      else {
        const parent = parents.find(({ children }) =>
          children.some(({ policy }) => policy === ANY_POLICY),
        );
        if (parent !== undefined) add(parent, issuer).expected = expected;
      }
    }
    this.#prune();
  }

  /** Section 6.1.5 (g) (iii) (1): policies of nodes below one that is any; any itself if the last certificate has it. */
  authorityPolicies(): ReadonlySet<string> {
    const valid = new Set<string>();
    const visit = (node: Node): void => {
      for (const child of node.children) {
        if (node.policy === ANY_POLICY && child.policy !== ANY_POLICY) valid.add(child.policy);
        visit(child);
      }
    };
    if (this.#root !== undefined) visit(this.#root);
    if (this.#level(this.#depth).some(({ policy }) => policy === ANY_POLICY)) valid.add(ANY_POLICY);
    return valid;
  }

  #level(depth: number): readonly Node[] {
    let nodes = this.#root === undefined ? [] : [this.#root];
    for (let i = 0; i < depth; i++) nodes = nodes.flatMap(({ children }) => children);
    return nodes;
  }

  #prune(): void {
    for (let depth = this.#depth - 1; depth >= 0; depth--) {
      if (depth === 0) {
        if (this.#root?.children.length === 0 && this.#depth > 0) this.#root = undefined;
        continue;
      }
      for (const { children } of this.#level(depth - 1))
        for (const child of [...children])
          if (child.children.length === 0) children.splice(children.indexOf(child), 1);
    }
  }
}

function add(parent: Node, policy: string): Node {
  const node = { policy, expected: new Set([policy]), children: [] };
  parent.children.push(node);
  return node;
}
