/** The kinds of records; a number tells those of one kind apart. */
export type RecordKind =
  /** {@link SavedIke}, by the number of the IKE_SA, as are the next four. */
  | 'ike'
  | 'keys'
  | 'ivs'
  | 'window'
  | 'tasks'
  /** The private key of the request that is out. */
  | 'taskKey'
  | 'last'
  /** By the number of the CHILD_SA. */
  | 'child'
  | 'childKeys'
  /** Configurations, by a number of their own. */
  | 'connection'
  | 'childConfig';

/** The name of a record: `ike 7`. */
export function recordKey(kind: RecordKind, id: number): string {
  return `${kind} ${id}`;
}
