/** Pieces of manual pages in the macros of man(7); every text that comes in is plain, every text that goes out is roff. */

/** A text as roff prints it: nothing in it is a request or an escape. */
export function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^[.]/gm, '\\&.');
}

/** The same in bold, or in italics, or in the font around it. */
export const bold = (text: string): string => `\\fB${plain(text)}\\fR`;
export const italic = (text: string): string => `\\fI${plain(text)}\\fR`;

/** Sentences of plain text, each on a line of its own as man(7) wants them. */
export function prose(text: string): string {
  return plain(text).replace(/([.:;]) (?=[A-Z])/g, '$1\n');
}

export const section = (title: string, ...parts: readonly string[]): string =>
  `.SH ${title}\n${parts.join('')}`;

export const subsection = (title: string, ...parts: readonly string[]): string =>
  `.SS ${title.includes(' ') ? `"${title}"` : title}\n${parts.join('')}`;

/** A paragraph; what it holds is roff already. */
export const paragraph = (text: string): string => `.PP\n${text}\n`;

/** A term and what is said of it, both roff already. */
export const entry = (term: string, text: string): string => `.TP\n${term}\n${text}\n`;

/** Lines that keep their form. */
export const example = (text: string): string =>
  `.PP\n.RS 4\n.nf\n${plain(text.trimEnd())}\n.fi\n.RE\n`;

/** One line of a synopsis. */
export const usage = (text: string): string => `${text}\n.br\n`;

/** The head of a page. `what` stands behind the name in whatis(1). */
export function head(name: string, volume: 5 | 8, version: string, what: string): string {
  const title = `.TH ${name.toUpperCase().replaceAll('-', '\\-')} ${volume} "" "charon\\-ts ${plain(version)}" "charon\\-ts"\n`;
  // No hyphens and no stretched lines: keys and options are looked for and copied.
  const setting = '.nh\n.ad l\n';
  return `${title}${setting}${section('NAME', `${plain(name)} \\- ${plain(what)}\n`)}`;
}

/** References to other pages. */
export function seeAlso(...pages: readonly string[]): string {
  const references = pages.map((page) => {
    const [, name = page, volume = ''] = /^(.*)(\(\d\))$/.exec(page) ?? [];
    return `${bold(name)}${volume}`;
  });
  return section('SEE ALSO', `${references.join(',\n')}\n`);
}
