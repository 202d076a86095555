/**
 * Any number of clients in one process, each an identity of its own, all from one address: sets up an IKE_SA with a virtual IP
 * for each, says what they got as one line of JSON, and does so again for every line `again` on its stdin, after every
 * third has gone away and come back in another order. Ends with its stdin; its kernel does nothing.
 *
 *   node test/lab/many-clients.ts LOCAL REMOTE COUNT SECRET
 */

import { createInterface } from 'node:readline';
import type { ConnectionConfig } from '../../daemon/config/connection-types.ts';
import { defaultOptions } from '../../daemon/config/options.ts';
import { parseProposals } from '../../daemon/config/proposals-text.ts';
import type { Crypto } from '../../daemon/contracts/crypto.ts';
import type { LogHub } from '../../daemon/contracts/logger.ts';
import { createCrypto } from '../../daemon/crypto/registry.ts';
import { createDaemon } from '../../daemon/daemon.ts';
import { MemoryJournal } from '../../daemon/kernel/memory-journal.ts';
import { InProcessKeys } from '../../daemon/keyd/in-process.ts';
import { parseIdentity } from '../../daemon/proto/identity-text.ts';
import { NodeClock } from '../../daemon/runtime/node-clock.ts';
import { NodeRandom } from '../../daemon/runtime/node-random.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { Secret } from '../../daemon/util/secret.ts';
import { nodeCryptoProvider } from '../../plugins/crypto-node/provider.ts';
import { NullIpsec, NullNet } from '../../plugins/kernel-null/kernel-null.ts';
import { openTransport } from '../../plugins/socket-netlink/open.ts';
import { authRound, childConfig, connectionConfig, hostSpec } from '../support/connections.ts';
import { ip, ts } from '../support/selectors.ts';

/** What the clients have: addresses in order of the clients, empty where one has none. */
export interface ManyClients {
  readonly failures: readonly string[];
  readonly addresses: readonly string[];
}

/** Clients that connect at the same time. */
const PARALLEL = 20;

const [local = '', remote = '', count = '0', secret = ''] = process.argv.slice(2);
const silent: LogHub = {
  enabled: () => false,
  log: () => undefined,
  forIke: () => silent,
  addSink: () => () => undefined,
};
const crypto = createCrypto([nodeCryptoProvider()]);
const sockets = { ikePort: 500, nattPort: 4500, ipv4: true, ipv6: false };
await using transport = await openTransport(sockets, silent);
const daemon = createDaemon({
  clock: new NodeClock(),
  random: new NodeRandom(),
  transport,
  kernel: new NullIpsec(),
  net: new NullNet(),
  crypto,
  privateKeys: new InProcessKeys(crypto.signatures),
  hub: silent,
  options: { ...defaultOptions(), install_routes: false },
  journal: new MemoryJournal(),
});
daemon.sharedKeys.load({ type: 'ike', data: new Secret(utf8(secret)), owners: [] });
await daemon.start();

const names = Array.from({ length: Number(count) }, (_, n) => `client-${n}.example.org`);
for (const name of names) await daemon.control.loadConnection(connectionOf(name, crypto));
report(await connect(names));
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'again') continue;
  const some = names.filter((_, n) => n % 3 === 0).reverse();
  await inParallel(some, async (name) => {
    await daemon.control.terminate({ ike: name, force: false, timeout: 0 }, ignore, never());
  });
  report(await connect(some));
}
await daemon.shutdown();

async function connect(which: readonly string[]): Promise<readonly string[]> {
  const failures: string[] = [];
  await inParallel(which, async (ike) => {
    const request = { child: 'net', ike, timeout: 0, initLimits: false };
    const outcome = await daemon.control.initiate(request, ignore, never());
    if (!outcome.ok) failures.push(outcome.errmsg);
  });
  return failures;
}

function report(failures: readonly string[]): void {
  const has = new Map<string, string>();
  for (const sa of daemon.manager.tables.byId.values()) {
    has.set(sa.tag.name, sa.configuration.local[0] ?? '');
  }
  const result: ManyClients = { failures, addresses: names.map((name) => has.get(name) ?? '') };
  console.log(JSON.stringify(result));
}

async function inParallel<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await act(one);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

function connectionOf(name: string, algorithms: Crypto): ConnectionConfig {
  const child = childConfig('net', {
    proposals: parseProposals('esp', ['aes128gcm16'], algorithms),
    localTs: [{ kind: 'dynamic', upper: { protocol: 0, startPort: 0, endPort: 65535 } }],
    remoteTs: [{ kind: 'fixed', selector: ts('10.1.0.0/24') }],
  });
  return connectionConfig(name, {
    localAddrs: [hostSpec(local)],
    remoteAddrs: [hostSpec(remote)],
    mobike: false,
    vips: [ip('0.0.0.0')],
    proposals: parseProposals('ike', ['aes128gcm16-prfsha256-x25519'], algorithms),
    local: [authRound({ id: parseIdentity(name, { allowRegex: false }) })],
    remote: [authRound()],
    children: new Map([[child.name, child]]),
  });
}

function ignore(): void {
  // Nobody follows a single client.
}

function never(): AbortSignal {
  return new AbortController().signal;
}
