/** Something with a score for addresses and one for identities; more is better. */
export interface Ranked {
  readonly address: number;
  readonly identity: number;
}

/**
 * Orders candidates as charon does: each, in the given order, goes before the first one that it beats, that is, than
 * which it is at least as good in both scores and better in one.
 */
export function rankByBoth<T extends Ranked>(candidates: readonly T[]): readonly T[] {
  // Neighbours with equal scores form a run: thousands of equal candidates cost one comparison each.
  const runs: { readonly sample: T; readonly members: T[] }[] = [];
  for (const candidate of candidates) {
    const beaten = runs.findIndex((run) => beats(candidate, run.sample));
    const place = beaten < 0 ? runs.length : beaten;
    const before = runs[place - 1];
    if (before !== undefined && sameScores(before.sample, candidate)) {
      before.members.push(candidate);
    } else {
      runs.splice(place, 0, { sample: candidate, members: [candidate] });
    }
  }
  return runs.flatMap((run) => run.members);
}

function beats(a: Ranked, b: Ranked): boolean {
  return a.address >= b.address && a.identity >= b.identity && !sameScores(a, b);
}

function sameScores(a: Ranked, b: Ranked): boolean {
  return a.address === b.address && a.identity === b.identity;
}
