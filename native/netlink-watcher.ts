import { NetlinkDecodeError } from './errors.ts';
import type { OpenTransport } from './netlink-channel.ts';
import { type NetlinkMessage, parseMessages } from './nlmsg.ts';

/** What every stream of events may say beside its own events. */
export type WatchTrouble =
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'overrun' };

/** A subscription to events. */
export interface Watcher extends Disposable {
  /** Whether it keeps the process alive; it does until told otherwise. */
  setRef(on: boolean): void;
  /** Ends it; calling it again does nothing. */
  close(): void;
}

const FIRST_FAMILY_MESSAGE = 0x10;

/** Delivers the messages of multicast groups, in order; lost ones are told as `overrun`, and delivery goes on. */
export function watchGroups<E>(
  open: OpenTransport,
  groups: readonly number[],
  decode: (message: NetlinkMessage) => E,
  handler: (event: E | WatchTrouble) => void,
): Watcher {
  let closed = false;
  const transport = open((datagrams, errno) => {
    for (const datagram of datagrams) {
      for (const event of eventsIn(datagram, decode)) if (!closed) handler(event);
    }
    if (errno !== 0 && !closed) handler({ kind: 'overrun' });
  });
  try {
    for (const group of groups) transport.join(group);
  } catch (error) {
    transport.close();
    throw error;
  }
  const close = (): void => {
    closed = true;
    transport.close();
  };
  return { setRef: (on) => transport.setRef(on), close, [Symbol.dispose]: close };
}

/**
 * Events as they come, until `signal` aborts. Whoever reads too slowly loses the oldest beyond `limit` and is told
 * so by an `overrun` in their place.
 */
export async function* iterateEvents<E>(
  start: (handler: (event: E | WatchTrouble) => void) => Watcher,
  signal: AbortSignal,
  limit = 4096,
): AsyncGenerator<E | WatchTrouble> {
  const queue: (E | WatchTrouble)[] = [];
  let wake: (() => void) | undefined;
  let overrun = false;
  const notify = (): void => wake?.();
  using _watcher = start((event) => {
    if (queue.length >= limit) {
      queue.shift();
      overrun = true;
    }
    queue.push(event);
    notify();
  });
  signal.addEventListener('abort', notify);
  try {
    while (!signal.aborted) {
      if (overrun) {
        overrun = false;
        yield { kind: 'overrun' };
      }
      const event = queue.shift();
      if (event !== undefined) {
        yield event;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener('abort', notify);
  }
}

function eventsIn<E>(
  datagram: Uint8Array,
  decode: (message: NetlinkMessage) => E,
): (E | WatchTrouble)[] {
  try {
    return parseMessages(datagram)
      .filter((message) => message.type >= FIRST_FAMILY_MESSAGE)
      .map(decode);
  } catch (error) {
    if (error instanceof NetlinkDecodeError) return [{ kind: 'malformed', reason: error.message }];
    throw error;
  }
}
