/** The middle one of the values, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low, high] = [sorted[half - 1], sorted[half]];
  if (high === undefined) return Number.NaN;
  return sorted.length % 2 === 1 || low === undefined ? high : (low + high) / 2;
}

/** The value that a share of all does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** One line of a result: medians of both sides, and what the ratio should be. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly charon: readonly number[];
  /** Largest ratio ours / charon that meets the goal, or a limit for our own figure. */
  readonly goal?: { readonly ratio: number } | { readonly most: number };
  /** Digits after the point. */
  readonly digits?: number;
}

/** A table in Markdown, rows as measured, with the spread of the rounds in brackets. */
export function table(rows: readonly Row[]): string {
  const head =
    '| | ours | charon | ours / charon | goal | |\n| --- | --- | --- | --- | --- | --- |';
  return [head, ...rows.map(line)].join('\n');
}

function line({ what, unit, ours, charon, goal, digits = 0 }: Row): string {
  const ratio = median(ours) / median(charon);
  const met =
    goal === undefined
      ? undefined
      : 'ratio' in goal
        ? ratio <= goal.ratio
        : median(ours) <= goal.most;
  const wanted =
    goal === undefined ? '' : 'ratio' in goal ? `≤ ${goal.ratio}` : `≤ ${goal.most} ${unit}`;
  const side = (values: readonly number[]): string =>
    values.length === 0
      ? '-'
      : `${median(values).toFixed(digits)} ${unit} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
  const verdict = met === undefined ? '' : met ? 'met' : 'missed';
  const cells = [what, side(ours), side(charon), Number.isNaN(ratio) ? '-' : ratio.toFixed(2)];
  return `| ${[...cells, wanted, verdict].join(' | ')} |`;
}
