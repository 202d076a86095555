import type {
  CompletedCommand,
  CompletedOption,
  CompletedProgram,
  Values,
} from './completion-model.ts';

/** What bash reads to complete command lines of a program; needs nothing but bash. */
export function bashCompletion(program: CompletedProgram): string {
  const { name, installed, commands, options, names } = program;
  const own = `_${name.replaceAll('-', '_')}`;
  const sources = Object.entries(names).map(
    ([kind, command]) => `${own}_${kind}() {\n    ${command}\n}\n`,
  );
  const first = [...commands, ...options];
  const cases = commands.map((command) => commandCase(own, command));
  return `# Completion of ${name} for bash, generated from its tables of commands and options.

${sources.join('\n')}
# What fits to the word under the cursor.
${own}_reply() {
    local IFS=$'\\n'
    COMPREPLY=($(compgen "$@" -- "$cur"))
}

# The same of lines that a program prints, which are text and nothing to expand.
${own}_lines() {
    local line
    while IFS= read -r line; do
        [[ $line == "$cur"* ]] && COMPREPLY+=("$(printf %q "$line")")
    done
}

${own}() {
    local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= at=0 i
    # --option=value comes as three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=\${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case \${COMP_WORDS[i]} in
${commands.map(({ words }) => `            ${pattern(words)}) command=${quote(words[0] ?? '')} at=$i; break ;;`).join('\n')}
        esac
    done
    # The command itself may be spelt like one of its options.
    ((COMP_CWORD - 1 > at)) || prev=
    case $command in
${cases.join('\n')}
        *)
${valueCases(own, options)}
            ${own}_reply -W ${quote(wordsOf(first).join('\n'))} ;;
    esac
}

complete -F ${own} ${installed.join(' ')}
`;
}

function commandCase(own: string, { words, options, values }: CompletedCommand): string {
  const names = wordsOf(options);
  const operand =
    values === undefined
      ? ''
      : `
            [[ $cur == -* ]] || { ${reply(own, values)}; return; }`;
  return `        ${quote(words[0] ?? '')})
${valueCases(own, options)}${operand}
            ${names.length === 0 ? 'return' : `${own}_reply -W ${quote(names.join('\n'))}`} ;;`;
}

/** Arguments of options: the word before says what is due. */
function valueCases(own: string, options: readonly CompletedOption[]): string {
  const taking = options.flatMap(({ words, values }) =>
    values === undefined ? [] : [{ words, values }],
  );
  if (taking.length === 0) return '            :';
  const cases = taking.map(
    ({ words, values }) => `                ${pattern(words)}) ${reply(own, values)}; return ;;`,
  );
  return `            case $prev in\n${cases.join('\n')}\n            esac`;
}

function reply(own: string, values: Values): string {
  if (values === 'unknown') return ':';
  if (values === 'file') return `compopt -o filenames 2>/dev/null; ${own}_reply -f`;
  if (typeof values === 'string') return `${own}_lines < <(${own}_${values})`;
  return `${own}_reply -W ${quote(values.join('\n'))}`;
}

const wordsOf = (options: readonly CompletedOption[]): readonly string[] =>
  options.map(({ words }) => words[0] ?? '');

const pattern = (words: readonly string[]): string => words.map(quote).join('|');

/** A word as the shell takes it literally; lines stay lines. */
function quote(text: string): string {
  if (/^[\w-]+$/.test(text)) return text;
  return text.includes('\n')
    ? `$'${text.replaceAll('\n', '\\n')}'`
    : `'${text.replaceAll("'", "'\\''")}'`;
}
