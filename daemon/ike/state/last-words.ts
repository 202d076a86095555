import type { Endpoint } from '../../proto/endpoint.ts';
import { endpoint } from './proto-shapes.ts';
import { list, octets, record, type Shape } from './shape.ts';

/** What an IKE_SA says before it is gone: the peer must hear it, or it believes in the IKE_SA for long. */
export interface LastWords {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly datagrams: readonly Uint8Array[];
}

export const lastWords: Shape<LastWords> = record<LastWords>({
  local: endpoint,
  remote: endpoint,
  datagrams: list(octets),
});
