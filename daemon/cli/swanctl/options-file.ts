import type { OperatorFiles } from '../../contracts/operator-files.ts';
import type { Terminal } from '../../contracts/terminal.ts';
import { errorText } from '../../util/error.ts';
import { type GivenOption, readOptions } from '../getopt.ts';
import type { SwanctlCommand } from './command.ts';
import { HELP_OPTION, SHARED_OPTIONS } from './shared-options.ts';

/** Files named in files, at most. */
const MAX_FILES = 16;

/** The options in the files that `--options` names, and in those that they name. */
export function optionsOfFile(
  given: readonly GivenOption[],
  command: SwanctlCommand,
  { files, terminal }: { readonly files: OperatorFiles; readonly terminal: Terminal },
): readonly GivenOption[] {
  const found: GivenOption[] = [];
  const queue = namesIn(given);
  for (let read = 0; queue.length > 0 && read < MAX_FILES; read++) {
    const path = queue.shift() ?? '';
    try {
      const words = splitWords(files.readText(path));
      const { options, error } = readOptions(words, [
        HELP_OPTION,
        ...command.options,
        ...SHARED_OPTIONS,
      ]);
      if (error !== undefined) terminal.error(`optionsfile: ${path}: ${error}\n`);
      found.push(...options);
      queue.push(...namesIn(options));
    } catch (error) {
      terminal.error(`optionsfile: failed to open file '${path}': ${errorText(error)}\n`);
    }
  }
  return found;
}

function namesIn(options: readonly GivenOption[]): string[] {
  return options.filter(({ spec }) => spec.long === 'options').map(({ value }) => value);
}

/** Words of a text: quotes keep blanks, `#` begins a comment; a first word without dashes gets two. */
function splitWords(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const words = [...line.replace(/(^|\s)#.*$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
      ([, double, single, bare]) => double ?? single ?? bare ?? '',
    );
    const [first, ...rest] = words;
    if (first === undefined) return [];
    return [first.startsWith('-') ? first : `--${first}`, ...rest];
  });
}
