/** One option of a program, with its long and its short name. */
export interface OptionSpec {
  readonly long: string;
  /** One character. */
  readonly short?: string;
  readonly argument: boolean;
  readonly help: string;
  /** Usage texts leave it out. */
  readonly hidden?: boolean;
}

/** An option as given; `value` is its argument. */
export interface GivenOption {
  readonly spec: OptionSpec;
  readonly value: string;
}

/** What a command line holds: options, then (or between them) everything else. */
export interface GivenOptions {
  readonly options: readonly GivenOption[];
  readonly operands: readonly string[];
  /** What is wrong with the first word that is no valid option, in the words of getopt_long(3). */
  readonly error?: string;
}

/**
 * Reads a command line as getopt_long(3) does: long options may be cut short as long as they stay unambiguous and take their argument
 * after `=` or as the next word, short ones may be joined, `--` ends the options, operands may stand between them.
 */
export function readOptions(words: readonly string[], specs: readonly OptionSpec[]): GivenOptions {
  const options: GivenOption[] = [];
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') {
      operands.push(...words.slice(i + 1));
      break;
    }
    const next = words[i + 1];
    const read = word.startsWith('--')
      ? readLong(word, next, specs)
      : word.startsWith('-') && word.length > 1
        ? readShort(word, next, specs)
        : undefined;
    if (read === undefined) {
      operands.push(word);
      continue;
    }
    options.push(...read.options);
    if (read.error !== undefined) return { options, operands, error: read.error };
    if (read.tookNext) i++;
  }
  return { options, operands };
}

interface Read {
  readonly options: readonly GivenOption[];
  readonly tookNext: boolean;
  readonly error?: string;
}

function readLong(word: string, next: string | undefined, specs: readonly OptionSpec[]): Read {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const found = findLong(name, specs);
  if (typeof found === 'string') return failed(found.replace('%', word));
  if (!found.argument) {
    if (equals >= 0) return failed(`option '--${found.long}' doesn't allow an argument`);
    return { options: [{ spec: found, value: '' }], tookNext: false };
  }
  if (equals >= 0) {
    return { options: [{ spec: found, value: word.slice(equals + 1) }], tookNext: false };
  }
  if (next === undefined) return failed(`option '--${found.long}' requires an argument`);
  return { options: [{ spec: found, value: next }], tookNext: true };
}

/** The one option that a name or its beginning stands for, or what is wrong with it; `%` stands for the word. */
function findLong(name: string, specs: readonly OptionSpec[]): OptionSpec | string {
  const exact = specs.find((spec) => spec.long === name);
  if (exact !== undefined) return exact;
  const possible = specs.filter((spec) => spec.long.startsWith(name));
  const [only] = possible;
  if (only === undefined) return `unrecognized option '%'`;
  if (possible.length === 1) return only;
  const names = possible.map((spec) => `'--${spec.long}'`).join(' ');
  return `option '%' is ambiguous; possibilities: ${names}`;
}

function readShort(word: string, next: string | undefined, specs: readonly OptionSpec[]): Read {
  const options: GivenOption[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? '';
    const spec = specs.find(({ short }) => short === letter);
    if (spec === undefined) return { ...failed(`invalid option -- '${letter}'`), options };
    if (!spec.argument) {
      options.push({ spec, value: '' });
      continue;
    }
    const rest = word.slice(at + 1);
    if (rest !== '') return { options: [...options, { spec, value: rest }], tookNext: false };
    if (next === undefined)
      return { ...failed(`option requires an argument -- '${letter}'`), options };
    return { options: [...options, { spec, value: next }], tookNext: true };
  }
  return { options, tookNext: false };
}

function failed(error: string): Read {
  return { options: [], tookNext: false, error };
}
