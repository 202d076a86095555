import { EncryptionId, isKeyExchangeType } from './iana/transforms.ts';
import type { Proposal, Transform } from './proposal.ts';

const AEADS: ReadonlySet<number> = new Set([
  EncryptionId.AES_CCM_8,
  EncryptionId.AES_CCM_12,
  EncryptionId.AES_CCM_16,
  EncryptionId.AES_GCM_8,
  EncryptionId.AES_GCM_12,
  EncryptionId.AES_GCM_16,
  EncryptionId.NULL_AES_GMAC,
  EncryptionId.CAMELLIA_CCM_8,
  EncryptionId.CAMELLIA_CCM_12,
  EncryptionId.CAMELLIA_CCM_16,
  EncryptionId.CHACHA20_POLY1305,
  EncryptionId.AES_CCM_8_IIV,
  EncryptionId.AES_GCM_16_IIV,
  EncryptionId.CHACHA20_POLY1305_IIV,
]);

/** Whether an encryption transform brings its own integrity, so that INTEG is not used with it (RFC 5282 section 8). */
export function isAead(encryptionId: number): boolean {
  return AEADS.has(encryptionId);
}

/** The first transform of a type, the preferred one or the only one of an agreed proposal. */
export function transformOf(proposal: Proposal, type: number): Transform | undefined {
  return proposal.transforms.find((transform) => transform.type === type);
}

/** All transforms of a type, the preferred one first. */
export function transformsOf(proposal: Proposal, type: number): readonly Transform[] {
  return proposal.transforms.filter((transform) => transform.type === type);
}

/** Equality of type, id and key length; a missing key length equals only a missing one. */
export function sameTransform(a: Transform, b: Transform): boolean {
  return a.type === b.type && a.id === b.id && a.keyLength === b.keyLength;
}

/** The proposal without key exchange methods, as CHILD_SAs of IKE_AUTH are negotiated (RFC 7296 section 1.2). */
export function withoutKeyExchanges(proposal: Proposal): Proposal {
  const transforms = proposal.transforms.filter(({ type }) => !isKeyExchangeType(type));
  return transforms.length === proposal.transforms.length ? proposal : { ...proposal, transforms };
}

/** Proposals without key exchange methods, those dropped that became equal to an earlier one. */
export function stripKeyExchanges(proposals: readonly Proposal[]): readonly Proposal[] {
  const kept: Proposal[] = [];
  for (const proposal of proposals) {
    const stripped = withoutKeyExchanges(proposal);
    if (!kept.some((other) => sameTransforms(other, stripped))) kept.push(stripped);
  }
  return kept;
}

function sameTransforms(a: Proposal, b: Proposal): boolean {
  return (
    a.protocol === b.protocol &&
    a.transforms.length === b.transforms.length &&
    a.transforms.every((transform, i) => {
      const other = b.transforms[i];
      return other !== undefined && sameTransform(transform, other);
    })
  );
}
