import type { ConfNode } from '../../../config/conf-tree.ts';
import { sharedProposals } from '../../../config/proposal-memo.ts';
import type { ProposalKind } from '../../../config/proposals-text.ts';
import { isKeyExchangeType, KeMethod, TransformType } from '../../../proto/iana/transforms.ts';
import type { Proposal } from '../../../proto/proposal.ts';
import { printTransform } from '../../../proto/proposal-print.ts';
import { isAead } from '../../../proto/proposal-transforms.ts';
import { ConfigError } from '../../../util/error.ts';
import { splitItems } from '../conf-messages.ts';
import { childrenOf } from './children.ts';
import { locate } from './locate.ts';
import type { CheckedConfig, CheckWorld } from './model.ts';
import { weaknessOf } from './weak-algorithms.ts';

/** Finds weak algorithms, and what a proposal lacks without being wrong. What `default` stands for is nobody's fault. */
export function checkProposals({ connections }: CheckedConfig, world: CheckWorld): void {
  for (const { name, node } of connections) {
    const section = `connections.${name}`;
    checkKey({ node, at: node, path: [], section, key: 'proposals', kind: 'ike' }, world);
    for (const child of childrenOf(node)) {
      const place = {
        node,
        at: child.node,
        path: child.path,
        section: [section, ...child.path].join('.'),
      };
      checkKey({ ...place, key: 'esp_proposals', kind: 'esp' }, world);
      checkKey({ ...place, key: 'ah_proposals', kind: 'ah' }, world);
    }
  }
}

interface Place {
  readonly node: ConfNode;
  /** The section of the key, which is at the path. */
  readonly at: ConfNode;
  readonly path: readonly string[];
  readonly section: string;
  readonly key: string;
  readonly kind: ProposalKind;
}

function checkKey(place: Place, { crypto, findings }: CheckWorld): void {
  const { node, at, path, section, key, kind } = place;
  const position = locate(node, [...path, key]);
  const warn = (code: string, message: string): void =>
    findings.add({ severity: 'warning', code, position, section, message });
  const note = (code: string, message: string): void =>
    findings.add({ severity: 'note', code, position, section, message });
  for (const item of splitItems(at.value(key)?.text ?? '')) {
    if (item.toLowerCase() === 'default') continue;
    let proposals: readonly Proposal[];
    try {
      proposals = sharedProposals(kind, [item], crypto);
    } catch (error) {
      // Said where the connection was read.
      if (!(error instanceof ConfigError)) throw error;
      continue;
    }
    for (const { transforms } of proposals) {
      for (const transform of transforms) {
        const why = weaknessOf(transform);
        if (why === undefined) continue;
        warn('weak-algorithm', `proposal '${item}': ${printTransform(transform)} is weak: ${why}`);
      }
      if (kind === 'ike') continue;
      const encryption = transforms.find(({ type }) => type === TransformType.ENCR);
      const integrity = transforms.some(({ type }) => type === TransformType.INTEG);
      if (kind === 'esp' && encryption !== undefined && !isAead(encryption.id) && !integrity)
        warn(
          'missing-algorithm',
          `proposal '${item}' has no integrity algorithm, for example sha256: packets can be changed on their way`,
        );
      const exchange = transforms.some(
        ({ type, id }) => isKeyExchangeType(type) && id !== KeMethod.KE_NONE,
      );
      if (!exchange)
        note(
          'missing-algorithm',
          `proposal '${item}' has no key exchange method, for example x25519: who learns the keys of the IKE_SA knows those of its children`,
        );
    }
  }
}
