import { NodeStreams } from './runtime/node-stream.ts';
import { type SessionOptions, ViciSession } from './vici/session.ts';
import type { SessionWorld } from './vici/session-link.ts';

/** What `import … from 'charon-ts/vici'` offers: the one file of the package that users of the client see. */

export type { CallOptions } from './vici/call-options.ts';
export { ViciError, type ViciFailure } from './vici/channel.ts';
export type { CommandStream } from './vici/command-stream.ts';
export type * from './vici/generated/call-types.ts';
export type * from './vici/generated/event-types.ts';
export type * from './vici/generated/input-types.ts';
export type * from './vici/generated/listing-types.ts';
export type * from './vici/generated/sa-types.ts';
export type { ViciInput, ViciMap } from './vici/plain-input.ts';
export type { EventName, SessionEvent, SessionOptions } from './vici/session.ts';

const THIS_MACHINE: SessionWorld = {
  streams: new NodeStreams(),
  sleep: (millis, signal) =>
    new Promise((resolve) => {
      const stop = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const timer = setTimeout(stop, millis);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    }),
};

/**
 * A session with the daemon of this machine.
 *
 * ```ts
 * await using session = await Session.connect();
 * await session.loadConn({
 *   gw: {
 *     remote_addrs: ['192.0.2.1'],
 *     local: { auth: 'psk', id: 'a.example' },
 *     remote: { auth: 'psk', id: 'b.example' },
 *     children: { net: { remote_ts: ['10.2.0.0/16'] } },
 *   },
 * });
 * for await (const line of session.initiate({ child: 'net' })) console.log(line.msg);
 * for await (const { name, ike } of session.listSas()) console.log(name, ike.state);
 * ```
 */
export class Session extends ViciSession {
  /** Connects to `/run/charon.vici` or another path; rejects at once if no daemon is there. */
  static async connect(options: string | SessionOptions = {}): Promise<Session> {
    const given = typeof options === 'string' ? { path: options } : options;
    return new Session(THIS_MACHINE, given).open(given);
  }
}
