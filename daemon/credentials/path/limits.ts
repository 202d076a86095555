/** How much work one judgement may cause; whoever exceeds it is refused with a reason that says so. */
export interface PathLimits {
  /** Certificates above the first one, trust anchor included. */
  readonly depth: number;
  /** Signatures that are really checked; those that are remembered cost nothing. */
  readonly signatures: number;
  /** Issuers looked at while searching. */
  readonly steps: number;
  /** Complete paths, all of whose signatures are right, that are validated. */
  readonly paths: number;
  /** Milliseconds until no further path is tried: whoever waits should not wait for ever. */
  readonly time: number;
  /** Issuers of one certificate that are considered, the best of them. */
  readonly issuers: number;
}

/** Honest certificates need a few of each. */
export const PATH_LIMITS: PathLimits = {
  depth: 7,
  signatures: 1000,
  steps: 2000,
  paths: 64,
  time: 10_000,
  issuers: 256,
};

/** Names below times constraints above that are compared at most in one path. */
export const MAX_NAME_COMPARISONS = 1 << 18;
