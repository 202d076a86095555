import type { RevocationQuestion } from './checker.ts';

/** A question on its way: signers of lists have certificates, too, about which somebody has to be asked, but not for ever. */
export interface Inquiry extends RevocationQuestion {
  /** How many questions led to this one. */
  readonly depth: number;
}

/** Questions that may lead to each other. */
export const DEEPEST = 2;
