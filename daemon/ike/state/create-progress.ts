import type { ChildSpi } from '../../proto/child-spi.ts';
import type { IkeSpi } from '../../proto/ike-spi.ts';
import type { PendingExchange } from '../create-exchange.ts';
import { keyExchangeOf } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { childSpi, ikeSpi } from './proto-shapes.ts';
import { list, octets, optional, record, type Shape, u16, u32, uint } from './shape.ts';

/** One SPI of ours, by IKE protocol id. */
export interface ReservedSpi {
  readonly protocol: number;
  readonly spi: ChildSpi;
}

/** A CREATE_CHILD_SA request that is out, its private key left out. */
export interface SavedCreate {
  readonly ni: Uint8Array;
  readonly method?: number;
  /** Of the CHILD_SA asked for. */
  readonly uniqueId: number;
  readonly reserved: readonly ReservedSpi[];
  /** Of the CHILD_SA, if it is for one CPU. */
  readonly cpu?: number;
  /** Of the IKE_SA asked for. */
  readonly ownSpi?: IkeSpi;
}

export const savedCreate: Shape<SavedCreate> = record<SavedCreate>({
  ni: octets,
  method: optional(u16),
  uniqueId: uint(),
  reserved: list(record<ReservedSpi>({ protocol: uint(255), spi: childSpi })),
  cpu: optional(u32),
  ownSpi: optional(ikeSpi),
});

interface Progress extends Pick<SavedCreate, 'uniqueId' | 'reserved'> {
  readonly cpu?: number | undefined;
}

/** What a successor of this process needs to take the answer to a CREATE_CHILD_SA request of ours. */
export class CreateProgress {
  /** The request that is out; `undefined` if its answer would be of no use elsewhere. */
  pending: PendingExchange | undefined;
  uniqueId = 0;
  reserved: readonly ReservedSpi[] = [];
  cpu: number | undefined;
  ownSpi: IkeSpi | undefined;

  /** With what a predecessor had, if this goes on with its request. */
  constructor(resumed?: ResumedCreate) {
    if (resumed === undefined) return;
    this.pending = resumed.exchange;
    this.ownSpi = resumed.create.ownSpi;
    this.begin(resumed.create);
  }

  /** For {@link CreateRequest.sent}. */
  readonly sent = (pending: PendingExchange | undefined): void => {
    this.pending = pending;
  };

  /** Remembers what was reserved for the request. */
  begin({ uniqueId, reserved, cpu }: Progress): void {
    this.cpu = cpu;
    this.uniqueId = uniqueId;
    this.reserved = reserved;
  }

  saved(): SavedCreate | undefined {
    if (this.pending === undefined) return undefined;
    const { ni, method } = this.pending;
    return {
      ni,
      ...(method !== undefined && { method }),
      uniqueId: this.uniqueId,
      reserved: this.reserved,
      ...(this.cpu !== undefined && { cpu: this.cpu }),
      ...(this.ownSpi !== undefined && { ownSpi: this.ownSpi }),
    };
  }

  /** The private key; empty where there is none or it cannot be saved. The caller wipes it. */
  secret(): Uint8Array {
    return this.pending?.exchange?.save?.() ?? new Uint8Array(0);
  }
}

/** A request that a predecessor sent, with its private key. */
export interface ResumedCreate {
  readonly create: SavedCreate;
  readonly exchange: PendingExchange;
}

/** The exchange of a request that a predecessor sent; `undefined` if its key cannot be had. */
export function restoreExchange(
  sa: IkeSa,
  { ni, method }: SavedCreate,
  secret: Uint8Array,
): PendingExchange | undefined {
  if (method === undefined) return { ni, method, exchange: undefined };
  const exchange = keyExchangeOf(sa.env.crypto, method).restore?.(secret);
  return exchange && { ni, method, exchange };
}
