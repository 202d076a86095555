/** Seconds that a test file takes, by its path below the repository. */
export type Durations = Readonly<Record<string, number>>;

/**
 * The files of one of `count` shards (from 1), such that all shards take about equally long: the longest file goes first, and always
 * to the shard that has least to do. Files without a known duration count as the mean of all others. Every shard must be given
 * the same files, in any order.
 */
export function filesOfShard(
  files: readonly string[],
  durations: Durations,
  index: number,
  count: number,
): readonly string[] {
  const known = Object.values(durations);
  const mean = known.reduce((sum, one) => sum + one, 0) / Math.max(known.length, 1);
  const lasts = (file: string): number => durations[file] ?? mean;
  const shards = Array.from({ length: count }, () => ({ seconds: 0, files: [] as string[] }));
  const longestFirst = files.toSorted((a, b) => lasts(b) - lasts(a) || (a < b ? -1 : 1));
  for (const file of longestFirst) {
    const idlest = shards.reduce((best, one) => (one.seconds < best.seconds ? one : best));
    idlest.seconds += lasts(file);
    idlest.files.push(file);
  }
  return shards[index - 1]?.files ?? [];
}
