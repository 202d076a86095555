import type { DaemonOptions } from './config/options.ts';
import type { Crypto } from './contracts/crypto.ts';
import type { LogHub } from './contracts/logger.ts';
import type { PrivateKeys } from './contracts/signatures.ts';
import { InProcessKeys } from './keyd/in-process.ts';
import { RemoteKeys } from './keyd/remote-keys.ts';
import { keydEntry, startKeyd } from './runtime/keyd-process.ts';
import { connectKeyd } from './runtime/keyd-socket.ts';
import type { NodeClock } from './runtime/node-clock.ts';

/** Where private keys are kept; the process for them is started with the first: who has none pays nothing. */
export function openPrivateKeys(
  options: DaemonOptions,
  socket: string | undefined,
  { signatures }: Crypto,
  clock: NodeClock,
  hub: LogHub,
): PrivateKeys {
  if (options['keyd.in_process']) return new InProcessKeys(signatures);
  if (socket) {
    return new RemoteKeys({ signatures, clock, log: hub, open: (to) => connectKeyd(socket, to) });
  }
  const setup = {
    entry: keydEntry(import.meta.url),
    user: options['keyd.user'] ?? '',
    log: (sentence: string) => hub.log('dmn', 1, sentence),
  };
  return new RemoteKeys({
    signatures,
    clock,
    log: hub,
    open: (events) => startKeyd(setup, events),
  });
}
