import type { ChildSpi } from '../../proto/child-spi.ts';
import { type SavedCreate, savedCreate } from './create-progress.ts';
import { childSpi } from './proto-shapes.ts';
import {
  bool,
  list,
  oneOf,
  optional,
  real,
  record,
  type Shape,
  text,
  uint,
  variant,
} from './shape.ts';

/** A conversation that ran or waited, in terms of what else is saved; CHILD_SAs go by their number. */
export type SavedTask =
  | { readonly kind: 'ike-dpd' }
  | { readonly kind: 'ike-delete' }
  | { readonly kind: 'child-delete'; readonly child: number }
  | { readonly kind: 'child-disown'; readonly protocol: number; readonly spi: ChildSpi }
  | {
      readonly kind: 'child-create';
      readonly child: string;
      readonly create: SavedCreate | undefined;
    }
  | {
      readonly kind: 'child-rekey';
      readonly child: number;
      readonly create: SavedCreate | undefined;
    }
  /** `by` is there and is to take over from `old`; `withdrawn`: the peer has deleted it already. */
  | {
      readonly kind: 'child-rekey-finish';
      readonly old: number;
      readonly by: number;
      readonly withdrawn: boolean;
    }
  /** The DELETE that ends the rekeying of `old`. */
  | { readonly kind: 'child-rekey-delete'; readonly old: number; readonly gone: number }
  | { readonly kind: 'ike-rekey'; readonly create: SavedCreate | undefined }
  /** `old` is the number of an IKE_SA. */
  | { readonly kind: 'retire'; readonly old: number; readonly reason: string }
  /** One that a successor cannot carry on: the IKE_SA ends with its answer. */
  | { readonly kind: 'other' };

/** All conversations of an IKE_SA. */
export interface SavedTasks {
  readonly active?: SavedTask;
  /** In order; `notBefore` in milliseconds of the wall clock. */
  readonly waiting: readonly { readonly task: SavedTask; readonly notBefore?: number }[];
}

type Of<K extends SavedTask['kind']> = Extract<SavedTask, { readonly kind: K }>;

const savedTask: Shape<SavedTask> = variant<SavedTask>({
  'ike-dpd': record({ kind: oneOf('ike-dpd') }),
  'ike-delete': record({ kind: oneOf('ike-delete') }),
  'child-delete': record({ kind: oneOf('child-delete'), child: uint() }),
  'child-disown': record({ kind: oneOf('child-disown'), protocol: uint(255), spi: childSpi }),
  'child-create': record<Of<'child-create'>>({
    kind: oneOf('child-create'),
    child: text,
    create: optional(savedCreate),
  }),
  'child-rekey': record<Of<'child-rekey'>>({
    kind: oneOf('child-rekey'),
    child: uint(),
    create: optional(savedCreate),
  }),
  'child-rekey-finish': record({
    kind: oneOf('child-rekey-finish'),
    old: uint(),
    by: uint(),
    withdrawn: bool,
  }),
  'child-rekey-delete': record({ kind: oneOf('child-rekey-delete'), old: uint(), gone: uint() }),
  'ike-rekey': record<Of<'ike-rekey'>>({
    kind: oneOf('ike-rekey'),
    create: optional(savedCreate),
  }),
  retire: record({ kind: oneOf('retire'), old: uint(), reason: text }),
  other: record({ kind: oneOf('other') }),
});

export const savedTasks: Shape<SavedTasks> = record<SavedTasks>({
  active: optional(savedTask),
  waiting: list(
    record<SavedTasks['waiting'][number]>({ task: savedTask, notBefore: optional(real) }),
  ),
});
