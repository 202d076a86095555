import { PayloadType } from '../../proto/iana/payload-types.ts';
import type { Payload } from '../../proto/payload.ts';

type UnknownPayload = Extract<Payload, { kind: 'Unknown' }>;

/** Whether the daemon has a codec for this type; SK and SKF count, as they are dealt with before any codec. */
export function isKnownType(type: number): boolean {
  return (type >= PayloadType.SA && type <= PayloadType.EAP) || type === PayloadType.SKF;
}

/** A payload nobody here understands, kept as it is: RFC 7296 section 2.5 has it skipped, unless critical. */
export function unknownPayload(type: number, critical: boolean, data: Uint8Array): UnknownPayload {
  return { kind: 'Unknown', type, critical, data };
}
