import type { ChildSpi } from '../../proto/child-spi.ts';
import { childSpi } from './proto-shapes.ts';
import { list, oneOf, optional, real, record, type Shape, text, uint, variant } from './shape.ts';

/** A conversation that ran or waited, in terms of what else is saved; CHILD_SAs go by their number. */
export type SavedTask =
  | { readonly kind: 'ike-dpd' }
  | { readonly kind: 'ike-delete' }
  | { readonly kind: 'child-delete'; readonly child: number }
  | { readonly kind: 'child-disown'; readonly protocol: number; readonly spi: ChildSpi }
  /** `reserved` are our SPIs by IKE protocol id, once the request is out. */
  | {
      readonly kind: 'child-create';
      readonly child: string;
      readonly reserved: readonly ReservedSpi[];
    }
  /** `old` is the number of an IKE_SA. */
  | { readonly kind: 'retire'; readonly old: number; readonly reason: string }
  /** One that a successor cannot carry on: the IKE_SA ends with its answer. */
  | { readonly kind: 'other' };

export interface ReservedSpi {
  readonly protocol: number;
  readonly spi: ChildSpi;
}

/** All conversations of an IKE_SA. */
export interface SavedTasks {
  readonly active?: SavedTask;
  /** In order; `notBefore` in milliseconds of the wall clock. */
  readonly waiting: readonly { readonly task: SavedTask; readonly notBefore?: number }[];
}

const reservedSpi = record<ReservedSpi>({ protocol: uint(255), spi: childSpi });

const savedTask: Shape<SavedTask> = variant<SavedTask>({
  'ike-dpd': record({ kind: oneOf('ike-dpd') }),
  'ike-delete': record({ kind: oneOf('ike-delete') }),
  'child-delete': record({ kind: oneOf('child-delete'), child: uint() }),
  'child-disown': record({ kind: oneOf('child-disown'), protocol: uint(255), spi: childSpi }),
  'child-create': record({ kind: oneOf('child-create'), child: text, reserved: list(reservedSpi) }),
  retire: record({ kind: oneOf('retire'), old: uint(), reason: text }),
  other: record({ kind: oneOf('other') }),
});

export const savedTasks: Shape<SavedTasks> = record<SavedTasks>({
  active: optional(savedTask),
  waiting: list(
    record<SavedTasks['waiting'][number]>({ task: savedTask, notBefore: optional(real) }),
  ),
});
