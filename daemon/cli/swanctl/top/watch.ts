import type { Screen } from '../../../contracts/terminal.ts';
import { type CommandContext, Errno } from '../command.ts';
import { drawScreen, lengthOf, type ShownEvent, type View } from './draw.ts';
import { eventLine, SHOWN_EVENTS } from './event-lines.ts';
import { keyActions } from './keys.ts';
import { type Reading, reading } from './readings.ts';
import { type IkeRow, ikeRows } from './sa-rows.ts';
import { FIRST_VIEW, viewAfter } from './view.ts';

/** Events that are kept to be shown. */
const MAX_EVENTS = 50;

/** The daemon spends at most one part in ten of its time on our readings. */
const LEISURE = 9;

/** Reads all SAs, and says what flowed since the reading before. */
export class Reader {
  readonly #cx: CommandContext;
  #rows: IkeRow[] = [];

  private constructor(cx: CommandContext) {
    this.#cx = cx;
  }

  /** Listens for the events that the listing comes as. */
  static async open(cx: CommandContext): Promise<Reader> {
    const reader = new Reader(cx);
    await cx.listen('list-sa', 'SAs', (event) => reader.#rows.push(...ikeRows(event)));
    return reader;
  }

  async read(before: Reading | undefined): Promise<Reading> {
    this.#rows = [];
    const stats = await this.#cx.ask('stats');
    await this.#cx.ask('list-sas');
    return reading(this.#cx.now(), stats, this.#rows, before);
  }
}

/**
 * Shows readings and events until the person quits, interrupts or hangs up, or the daemon ends; resolves with the exit code.
 * `interval` is milliseconds from one reading to the next, more if a reading takes long.
 */
export class Watch {
  readonly #cx: CommandContext;
  readonly #screen: Screen;
  readonly #reader: Reader;
  readonly #interval: number;
  readonly #events: ShownEvent[] = [];
  readonly #over = Promise.withResolvers<number>();
  #view: View = FIRST_VIEW;
  #now: Reading;
  #timer: NodeJS.Timeout | undefined;
  #due = false;

  private constructor(
    cx: CommandContext,
    screen: Screen,
    reader: Reader,
    interval: number,
    first: Reading,
  ) {
    this.#cx = cx;
    this.#screen = screen;
    this.#reader = reader;
    this.#interval = interval;
    this.#now = first;
  }

  static async run(cx: CommandContext, screen: Screen, interval: number): Promise<number> {
    const reader = await Reader.open(cx);
    const watch = new Watch(cx, screen, reader, interval, await reader.read(undefined));
    return await watch.#run();
  }

  async #run(): Promise<number> {
    const { interrupted } = this.#cx.terminal;
    const stop = (): void => this.#over.resolve(0);
    if (interrupted.aborted) stop();
    interrupted.addEventListener('abort', stop, { once: true });
    this.#cx.vici.onClosed(() => this.#over.resolve(Errno.ECONNRESET));
    this.#screen.onKeys((typed) => this.#typed(typed));
    this.#screen.onResize(() => this.#draw());
    for (const name of Object.keys(SHOWN_EVENTS)) {
      await this.#cx.listen(name, 'events', (event) => {
        const text = eventLine(name, event);
        if (text !== undefined) this.#happened(text);
      });
    }
    this.#draw();
    this.#later(this.#interval);
    try {
      return await this.#over.promise;
    } finally {
      clearTimeout(this.#timer);
    }
  }

  #typed(typed: string): void {
    for (const action of keyActions(typed)) {
      if (action === 'quit') {
        this.#over.resolve(0);
        return;
      }
      const page = Math.max(1, this.#screen.size.rows - 12);
      this.#view = viewAfter(this.#view, action, lengthOf(this.#now), page);
    }
    this.#draw();
  }

  #happened(text: string): void {
    this.#events.push({ at: this.#cx.now(), text });
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    this.#soon();
  }

  // Thousands of events at once are drawn once.
  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    setTimeout(() => {
      this.#due = false;
      this.#draw();
    }, 50).unref();
  }

  #later(millis: number): void {
    this.#timer = setTimeout(() => void this.#read(), millis);
  }

  async #read(): Promise<void> {
    const began = this.#cx.now();
    try {
      if (!this.#view.paused) this.#now = await this.#reader.read(this.#now);
    } catch (error) {
      this.#over.reject(error);
      return;
    }
    this.#draw();
    this.#later(Math.max(this.#interval, (this.#cx.now() - began) * LEISURE));
  }

  #draw(): void {
    this.#screen.draw(drawScreen(this.#now, this.#events, this.#view, this.#screen.size));
  }
}
