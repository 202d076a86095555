import type { CompletedOption, CompletedProgram, Values } from './completion-model.ts';

/** What fish reads to complete command lines of a program. */
export function fishCompletion(program: CompletedProgram): string {
  const { name, installed, commands, options, names } = program;
  const own = `__${name.replaceAll('-', '_')}`;
  const sources = Object.entries(names).map(
    ([kind, command]) => `function ${own}_${kind}\n    ${command}\nend\n`,
  );
  const none = `${own}_begins`;
  const lines = installed.flatMap((installedName) => {
    const line = (condition: string, option: CompletedOption): string =>
      `complete -c ${installedName}${condition}${spelling(option)}${values(own, option.values)} -d ${quote(option.help)}`;
    return [
      `complete -c ${installedName} -f`,
      ...options.map((option) => line(commands.length === 0 ? '' : ` -n ${none}`, option)),
      ...commands.flatMap((command) => {
        const condition = ` -n ${quote(`${own}_command ${command.words.join(' ')}`)}`;
        const operand =
          command.values === undefined
            ? []
            : [`complete -c ${installedName}${condition}${values(own, command.values)}`];
        return [
          line(` -n ${none}`, { words: command.words, help: command.help }),
          ...command.options.map((option) => line(condition, option)),
          ...operand,
        ];
      }),
    ];
  });
  return `# Completion of ${name} for fish, generated from its tables of commands and options.

function ${none}
    test (count (commandline -opc)) -eq 1
end

function ${own}_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv
end

${sources.join('\n')}
${lines.join('\n')}
`;
}

function spelling({ words }: CompletedOption): string {
  return words
    .map((word) => {
      const long = /^--(.+)$/.exec(word)?.[1];
      const short = /^-(\w)$/.exec(word)?.[1];
      if (long !== undefined) return ` -l ${long}`;
      if (short !== undefined) return ` -s ${short}`;
      return word.startsWith('-') ? '' : ` -a ${word}`;
    })
    .join('');
}

function values(own: string, kind: Values | undefined): string {
  if (kind === undefined) return '';
  if (kind === 'unknown') return ' -x';
  if (kind === 'file') return ' -r -F';
  return ` -x -a ${quote(typeof kind === 'string' ? `(${own}_${kind})` : kind.join(' '))}`;
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
