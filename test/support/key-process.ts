import type { Clock } from '../../daemon/contracts/clock.ts';
import { type KeydLink, RemoteKeys } from '../../daemon/keyd/remote-keys.ts';
import { type KeyProcess, keydEntry, startKeyd } from '../../daemon/runtime/keyd-process.ts';
import { NodeClock } from '../../daemon/runtime/node-clock.ts';
import { NodeSignatureVerifier } from '../../plugins/crypto-node/signatures.ts';
import { MemoryLog } from './memory-log.ts';

/** The entry of the key process in the sources. */
export const KEYD_ENTRY = keydEntry(new URL('../../daemon/service.ts', import.meta.url).href);

/** Private keys in a real key process. */
export class KeyBench implements AsyncDisposable {
  readonly log = new MemoryLog();
  /** Processes started so far. */
  readonly started: KeyProcess[] = [];
  readonly keys: RemoteKeys;

  constructor(
    setup: { readonly clock?: Clock; readonly user?: string; readonly entry?: URL } = {},
  ) {
    this.keys = new RemoteKeys({
      signatures: new NodeSignatureVerifier(),
      clock: setup.clock ?? new NodeClock(),
      log: this.log,
      open: (events): KeydLink => {
        const process = startKeyd(
          {
            entry: setup.entry ?? KEYD_ENTRY,
            user: setup.user ?? '',
            log: (sentence) => this.log.log('dmn', 1, sentence),
          },
          events,
        );
        this.started.push(process);
        return process;
      },
    });
  }

  get pid(): number {
    return this.started.at(-1)?.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keys[Symbol.asyncDispose]();
  }
}
