/** An IKE identity: the ID type of RFC 7296 section 3.5 and its identification data. Type 0 stands for "any". */
export interface Identity {
  readonly type: number;
  readonly data: Uint8Array;
  /** Present only for a configured pattern that is a regular expression: matched against the printed form, in time linear in it. */
  readonly pattern?: RegExp;
}
