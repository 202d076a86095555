import type { CompletedOption, CompletedProgram, Values } from './completion-model.ts';

/** A function file for zsh, as `_name` in a folder of its `fpath`. */
export function zshCompletion(program: CompletedProgram): string {
  const { name, installed, commands, options, names } = program;
  const own = `_${name.replaceAll('-', '_')}`;
  const sources = Object.entries(names).map(
    ([kind, command]) =>
      `${own}_${kind}() {\n  local -a names\n  names=(\${(f)"$(${command})"})\n  compadd -a names\n}\n`,
  );
  const head = `#compdef ${installed.join(' ')}\n# Completion of ${name} for zsh, generated from its tables of commands and options.\n`;
  if (commands.length === 0) return `${head}\n${argumentsOf(own, options)}\n`;
  const described = [...commands, ...options].flatMap(({ words, help }) =>
    words.slice(0, 1).map((word) => `  ${quote(`${word}:${help}`)}`),
  );
  const cases = commands.map(({ words, options: of, values }) => {
    const operand = values === undefined ? '' : ` '*: :${action(own, values)}'`;
    return `  (${words.join('|')})\n    ${argumentsOf(own, of)}${operand}\n    ;;`;
  });
  return `${head}
${sources.join('\n')}
local -a commands
commands=(
${described.join('\n')}
)
if (( CURRENT == 2 )); then
  _describe -t commands command commands
  return
fi
shift words
(( CURRENT-- ))
case $words[1] in
${cases.join('\n')}
esac
`;
}

const argumentsOf = (own: string, options: readonly CompletedOption[]): string =>
  ['_arguments', ...options.map((option) => specification(own, option))].join(' ');

function specification(own: string, { words, help, values }: CompletedOption): string {
  const text = `[${help.replace(/[[\]\\]/g, '\\$&')}]`;
  const argument = values === undefined ? '' : `:value:${action(own, values)}`;
  // A plus at the end of a name means something else there.
  const usable = words.filter((word) => !word.endsWith('+'));
  if (usable.length === 1) return quote(`${usable[0]}${text}${argument}`);
  return `${quote(`(${usable.join(' ')})`)}{${usable.map(quote).join(',')}}${quote(text + argument)}`;
}

function action(own: string, values: Values): string {
  if (values === 'unknown') return ' ';
  if (values === 'file') return '_files';
  return typeof values === 'string' ? `${own}_${values}` : `(${values.join(' ')})`;
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
