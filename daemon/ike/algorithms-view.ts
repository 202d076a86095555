import type { AlgorithmsView } from '../contracts/views.ts';
import { isAdditionalKe, SnId, TransformType, transformName } from '../proto/iana/transforms.ts';
import type { Proposal, Transform } from '../proto/proposal.ts';

/** The transforms of a selected proposal by their names, the first of each type. */
export function viewAlgorithms({ transforms }: Proposal): AlgorithmsView {
  let encr: Transform | undefined;
  let integ: Transform | undefined;
  let prf: Transform | undefined;
  let ke: Transform | undefined;
  let sn: Transform | undefined;
  let additional = false;
  for (const transform of transforms) {
    const { type } = transform;
    if (type === TransformType.ENCR) encr ??= transform;
    else if (type === TransformType.INTEG) integ ??= transform;
    else if (type === TransformType.PRF) prf ??= transform;
    else if (type === TransformType.KE) ke ??= transform;
    else if (type === TransformType.SN) sn ??= transform;
    else if (isAdditionalKe(type)) additional = true;
  }
  return {
    encrAlg: encr && transformName(TransformType.ENCR, encr.id),
    encrKeysize: encr?.keyLength,
    integAlg: integ && transformName(TransformType.INTEG, integ.id),
    prfAlg: prf && transformName(TransformType.PRF, prf.id),
    dhGroup: ke && nameOfExchange(ke),
    additionalKe: additional ? additionalExchanges(transforms) : undefined,
    esn: sn?.id === SnId.EXT_SEQ || undefined,
  };
}

// NONE (0) of integrity has a name that is shown nowhere else; of a key exchange it means that there was none.
function nameOfExchange({ type, id }: Transform): string | undefined {
  return id === 0 ? undefined : transformName(type, id);
}

function additionalExchanges(transforms: readonly Transform[]): AlgorithmsView['additionalKe'] {
  const found = [1, 2, 3, 4, 5, 6, 7].flatMap((number) => {
    const type = TransformType.ADDKE1 + number - 1;
    const transform = transforms.find((one) => one.type === type);
    const name = transform && nameOfExchange(transform);
    return name === undefined ? [] : [{ number, name }];
  });
  return found.length === 0 ? undefined : found;
}
