import type { SideName } from './names.ts';
import type { Stage } from './stage.ts';

/** Which of the four nonces is the lowest: that of A's request, B's request, B's response to A, A's response to B. */
export type Lowest = 'a' | 'b' | 'c' | 'd';

export const lowest: readonly Lowest[] = ['a', 'b', 'c', 'd'];

/** Who keeps what was made, and who takes it back. */
export interface Verdict {
  readonly winner: SideName;
  readonly loser: SideName;
  /** The CHILD_SA (or, with `I` in front, IKE_SA) that survives, and the redundant one. */
  readonly kept: string;
  readonly redundant: string;
}

/** First octets of the nonces of both sides in the order in which they are drawn: own request, then response. */
export function noncesOf(variant: Lowest): Readonly<Record<SideName, readonly [number, number]>> {
  const octet = (one: Lowest, otherwise: number): number => (one === variant ? 1 : otherwise);
  return {
    A: [octet('a', 0x40), octet('d', 0x70)],
    B: [octet('b', 0x50), octet('c', 0x60)],
  };
}

/** Decides the nonces of the next collision, in which each side first asks and then answers. */
export function decide(stage: Stage, variant: Lowest): Verdict {
  const nonces = noncesOf(variant);
  stage.a.nonces.begin(...nonces.A);
  stage.b.nonces.begin(...nonces.B);
  return verdictOf(variant);
}

/** The exchange with the lowest nonce is the one that loses, RFC 7296 section 2.8.1. */
export function verdictOf(variant: Lowest): Verdict {
  return variant === 'a' || variant === 'c'
    ? { winner: 'B', loser: 'A', kept: 'B1', redundant: 'A1' }
    : { winner: 'A', loser: 'B', kept: 'A1', redundant: 'B1' };
}
