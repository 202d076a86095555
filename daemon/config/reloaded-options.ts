import type { Option } from './option-kinds.ts';
import { type DaemonOptions, OPTIONS } from './options.ts';

/** What follows from reading strongswan.conf again. */
export interface ReloadedOptions {
  /** The new values, except where only a restart can apply them. */
  readonly options: DaemonOptions;
  /** A sentence for every option that is different now. */
  readonly applied: readonly string[];
  /** A sentence for every option that would be different after a restart. */
  readonly needRestart: readonly string[];
}

/** Takes over from `fresh` what a running daemon can follow. */
export function reloadedOptions(running: DaemonOptions, fresh: DaemonOptions): ReloadedOptions {
  const values: Record<string, unknown> = { ...fresh };
  const applied: string[] = [];
  const needRestart: string[] = [];
  const table: readonly [string, Option<unknown>][] = Object.entries(OPTIONS);
  const before: Readonly<Record<string, unknown>> = running;
  for (const [name, option] of table) {
    const [was, is] = [print(before[name]), print(values[name])];
    if (was === is) continue;
    const [now, then] = option.secret ? ['another one', 'the old one'] : [is, was];
    if (option.effect === 'start') {
      values[name] = before[name];
      needRestart.push(`option '${name}' is ${now} in the file, ${then} holds until a restart`);
    } else {
      applied.push(`option '${name}' is now ${now}, was ${then}`);
    }
  }
  // Each value is the one of the same name of options that are whole.
  return { options: values as DaemonOptions, applied, needRestart };
}

function print(value: unknown): string {
  if (value === undefined) return 'not set';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return `'${value.join(' ')}'`;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}
