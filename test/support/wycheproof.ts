import { readFileSync } from 'node:fs';
import { octetsOf } from './hex.ts';
import { sharedData } from './shared-data.ts';

export type WycheproofResult = 'valid' | 'invalid' | 'acceptable';

/** One case. */
export interface WycheproofCase {
  readonly id: number;
  readonly result: WycheproofResult;
  readonly flags: readonly string[];
  /** A field of hexadecimal text, decoded. */
  octets(name: string): Uint8Array;
  /** A field of the group the case belongs to, as text. */
  group(name: string): string;
}

/** All cases of a file, which is checked to hold as many as it says. */
export function wycheproofCases(file: string): WycheproofCase[] {
  const parsed: unknown = JSON.parse(readFileSync(sharedData(`wycheproof/${file}`), 'utf8'));
  const { numberOfTests, testGroups } = parsed as {
    readonly numberOfTests: number;
    readonly testGroups: readonly (RawGroup & { readonly tests: readonly RawCase[] })[];
  };
  const cases = testGroups.flatMap((group) => group.tests.map((raw) => caseOf(raw, group)));
  if (cases.length !== numberOfTests) throw new Error(`${file} holds ${cases.length} cases`);
  return cases;
}

interface RawCase {
  readonly tcId: number;
  readonly result: WycheproofResult;
  readonly flags: readonly string[];
  readonly [field: string]: unknown;
}

interface RawGroup {
  readonly [field: string]: unknown;
}

function caseOf(raw: RawCase, group: RawGroup): WycheproofCase {
  const { tcId, result, flags } = raw;
  return {
    id: tcId,
    result,
    flags,
    octets: (name) => octetsOf(String(raw[name] ?? '')),
    group: (name) => String(group[name] ?? ''),
  };
}

/** What became of the cases of one file; a test compares it with what it should be. */
export interface WycheproofTally {
  passed: number;
  /** Outside what the wrapper can be asked, counted by reason. */
  readonly outside: Record<string, number>;
  /** `acceptable` cases, counted as `accepted: reason` or `refused: reason`. */
  readonly acceptable: Record<string, number>;
  /** Ids of cases with the wrong outcome: always empty. */
  readonly failed: number[];
}

/** A tally to which {@link count} adds. */
export function emptyTally(): WycheproofTally {
  return { passed: 0, outside: {}, acceptable: {}, failed: [] };
}

/** Counts under a reason. */
export function count(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}
