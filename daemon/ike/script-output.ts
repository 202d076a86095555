/** Longest line that is logged as one, in characters. */
const MAX_LINE = 126;
/** Lines of one script that are logged. */
const MAX_LINES = 500;

/** Turns what a script writes into lines for the log: bounded in length and number, without control characters. */
export class ScriptOutput {
  readonly #line: (text: string) => void;
  readonly #decoder = new TextDecoder();
  #rest = '';
  #lines = 0;

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  /** Takes octets as they come; lines are told as soon as they are complete. */
  push(octets: Uint8Array): void {
    this.#split(this.#decoder.decode(octets, { stream: true }));
  }

  /** Tells what is left. */
  end(): void {
    this.#split(this.#decoder.decode());
    if (this.#rest !== '') this.#tell(this.#rest);
    this.#rest = '';
  }

  #split(text: string): void {
    const parts = `${this.#rest}${text}`.split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      for (const piece of pieces(part)) this.#tell(piece);
    }
    const open = pieces(last);
    this.#rest = open.pop() ?? '';
    for (const piece of open) this.#tell(piece);
  }

  #tell(text: string): void {
    this.#lines++;
    if (this.#lines <= MAX_LINES) this.#line(text.replace(/\p{Cc}/gu, '?'));
    else if (this.#lines === MAX_LINES + 1) this.#line('(more output is left out)');
  }
}

function pieces(line: string): string[] {
  const parts = [line.slice(0, MAX_LINE)];
  for (let at = MAX_LINE; at < line.length; at += MAX_LINE) {
    parts.push(line.slice(at, at + MAX_LINE));
  }
  return parts;
}
