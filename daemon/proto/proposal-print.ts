import { nameOfProtocol } from './iana/protocol-ids.ts';
import { TransformType, transformName } from './iana/transforms.ts';
import type { Proposal, Transform } from './proposal.ts';

const PRINT_ORDER: readonly number[] = [
  TransformType.ENCR,
  TransformType.INTEG,
  TransformType.PRF,
  TransformType.KE,
  TransformType.ADDKE1,
  TransformType.ADDKE2,
  TransformType.ADDKE3,
  TransformType.ADDKE4,
  TransformType.ADDKE5,
  TransformType.ADDKE6,
  TransformType.ADDKE7,
  TransformType.SN,
];

/** `IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256`, the form of charon's log. */
export function printProposal({ protocol, transforms }: Proposal): string {
  const printed: string[] = [];
  for (const type of PRINT_ORDER) {
    for (const one of transforms) if (one.type === type) printed.push(printTransform(one));
  }
  for (const one of transforms) {
    if (!PRINT_ORDER.includes(one.type)) printed.push(printTransform(one));
  }
  return `${nameOfProtocol(protocol)}:${printed.join('/')}`;
}

/** Several proposals joined by `, `. */
export function printProposals(proposals: readonly Proposal[]): string {
  return proposals.map(printProposal).join(', ');
}

/** `AES_CBC_128`, `ECP_256`, `KE1_ML_KEM_768`. */
export function printTransform({ type, id, keyLength }: Transform): string {
  const name = transformName(type, id);
  const sized = keyLength === undefined ? name : `${name}_${keyLength}`;
  return type >= TransformType.ADDKE1 && type <= TransformType.ADDKE7
    ? `KE${type - TransformType.ADDKE1 + 1}_${sized}`
    : sized;
}
