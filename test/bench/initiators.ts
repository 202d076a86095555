import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildConfig, ConnectionConfig } from '../../daemon/config/connection-types.ts';
import { defaultOptions } from '../../daemon/config/options.ts';
import { parseProposals } from '../../daemon/config/proposals-text.ts';
import type { Crypto } from '../../daemon/contracts/crypto.ts';
import type { LogHub } from '../../daemon/contracts/logger.ts';
import type { PrivateKeys } from '../../daemon/contracts/signatures.ts';
import { createCrypto } from '../../daemon/crypto/registry.ts';
import { createDaemon, type IkeDaemon } from '../../daemon/daemon.ts';
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
import { ts } from '../support/selectors.ts';
import { CLIENT, type Credentials, GATEWAY } from './credentials.ts';

/** Longest wait for rekeyings, milliseconds. */
const REKEY_LIMIT = 60_000;

const SILENT: LogHub = {
  enabled: () => false,
  log: () => undefined,
  forIke: () => SILENT,
  addSink: () => () => undefined,
};

/** A load of initiators: how many came up, and how long each took. */
export interface LoadResult {
  readonly established: number;
  readonly failures: readonly string[];
  /** Milliseconds from the first request to the CHILD_SA, in order of completion. */
  readonly millis: readonly number[];
}

/**
 * Our own daemon as the load for others: any number of clients, each with an identity and an inner address of its own,
 * all from 127.0.0.2 and one port. Its kernel does nothing and it logs nothing.
 */
export class Initiators implements AsyncDisposable {
  readonly #daemon: IkeDaemon;
  readonly #crypto: Crypto;
  readonly #resources: AsyncDisposableStack;
  readonly #authentication: Authentication;
  #next = 0;

  private constructor(
    daemon: IkeDaemon,
    crypto: Crypto,
    resources: AsyncDisposableStack,
    credentials: Credentials,
  ) {
    this.#daemon = daemon;
    this.#authentication = authenticationOf(credentials);
    this.#crypto = crypto;
    this.#resources = resources;
  }

  static async open(credentials: Credentials): Promise<Initiators> {
    const resources = new AsyncDisposableStack();
    const clock = new NodeClock();
    const sockets = { ikePort: 0, nattPort: 0, ipv4: true, ipv6: false };
    const transport = resources.use(await openTransport(sockets, SILENT));
    const crypto = createCrypto([nodeCryptoProvider()]);
    const privateKeys = resources.use(new InProcessKeys(crypto.signatures));
    const daemon = createDaemon({
      clock,
      random: new NodeRandom(),
      transport,
      kernel: new NullIpsec(),
      net: new NullNet(),
      crypto,
      privateKeys,
      hub: SILENT,
      options: { ...defaultOptions(), retransmit_timeout: 1, install_routes: false },
      journal: new MemoryJournal(),
    });
    await loadCredentials(daemon, privateKeys, credentials);
    await daemon.start();
    // Its timers do not keep the process alive, the sockets do until they are closed.
    return new Initiators(daemon, crypto, resources, credentials);
  }

  /** Sets up IKE_SAs with one CHILD_SA each, `parallel` at a time, with clients not seen before. */
  async establish(count: number, parallel: number, ike: string): Promise<LoadResult> {
    const failures: string[] = [];
    const millis: number[] = [];
    const proposals = parseProposals('ike', [ike], this.#crypto);
    const esp = parseProposals('esp', ['aes128gcm16'], this.#crypto);
    let left = count;
    const client = async (): Promise<void> => {
      while (left-- > 0) {
        const connection = connectionOf(this.#next++, proposals, esp, this.#authentication);
        const began = performance.now();
        const child = [...connection.children.values()][0];
        const { outcome } = this.#daemon.manager.initiate(connection, child);
        const result = await outcome;
        if (result.ok) millis.push(performance.now() - began);
        else failures.push(result.errmsg);
      }
    };
    await Promise.all(Array.from({ length: parallel }, client));
    // The last answer is on its way to nobody: let the responder come to rest.
    await sleep(20);
    return { established: millis.length, failures, millis };
  }

  /** Sets up IKE_SAs one after the other until the time is over, each closed before the next. */
  async loop(seconds: number, ike: string): Promise<LoadResult> {
    const failures: string[] = [];
    const millis: number[] = [];
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const result = await this.establish(1, 1, ike);
      millis.push(...result.millis);
      failures.push(...result.failures);
    }
    return { established: millis.length, failures, millis };
  }

  /** Deletes all IKE_SAs, `parallel` at a time; resolves when the responder has answered each. */
  async endAll(parallel: number): Promise<void> {
    const { manager } = this.#daemon;
    const all = [...manager.tables.byId.values()];
    for (let at = 0; at < all.length; at += parallel) {
      const batch = all.slice(at, at + parallel);
      const ended = batch.map((sa) => manager.whenDestroyed(sa));
      for (const sa of batch) sa.delete('ended by the benchmark');
      await Promise.all(ended);
    }
  }

  /** CHILD_SAs or IKE_SAs replaced so far, whichever side asked. */
  rekeyings(what: 'child' | 'ike'): number {
    const counted = this.#daemon.control.counters().global;
    return what === 'child'
      ? counted['child-rekey']
      : counted['ike-rekey-init'] + counted['ike-rekey-resp'];
  }

  /** Resolves when that many more have been replaced than `before`. */
  async untilRekeyed(what: 'child' | 'ike', before: number, count: number): Promise<void> {
    const end = performance.now() + REKEY_LIMIT;
    while (this.rekeyings(what) < before + count) {
      if (performance.now() > end) {
        throw new Error(`${this.rekeyings(what) - before} of ${count} were rekeyed in time`);
      }
      await sleep(2);
    }
  }

  /** Rekeys every CHILD_SA or every IKE_SA once, a few at a time. */
  async rekeyAll(what: 'child' | 'ike', parallel: number): Promise<void> {
    const all = [...this.#daemon.manager.tables.byId.values()].filter(
      (sa) => sa.successor === undefined,
    );
    for (let at = 0; at < all.length; at += parallel) {
      const batch = all.slice(at, at + parallel);
      const before = this.rekeyings(what);
      for (const sa of batch) {
        if (what === 'ike') sa.rekeyIke();
        else for (const child of sa.children.values()) sa.rekeyChild(child);
      }
      await this.untilRekeyed(what, before, batch.length);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

type Authentication = (
  name: string,
) => Pick<ConnectionConfig, 'local' | 'remote'> & Partial<ConnectionConfig>;

/** Clients with shared keys have an identity each; those with certificates all have the one of the certificate. */
function authenticationOf(credentials: Credentials): Authentication {
  const identity = (text: string) => parseIdentity(text, { allowRegex: false });
  const gateway = identity(GATEWAY);
  if (credentials.kind === 'psk') {
    return (name) => ({
      local: [authRound({ id: identity(`${name}@bench`) })],
      remote: [authRound({ id: gateway })],
    });
  }
  const byKey = { class: 'pubkey', auth: 'pubkey' } as const;
  const both = {
    unique: 'never',
    local: [authRound({ ...byKey, id: identity(CLIENT) })],
    remote: [authRound({ ...byKey, id: gateway })],
  } as const;
  return () => both;
}

async function loadCredentials(
  daemon: IkeDaemon,
  keys: PrivateKeys,
  credentials: Credentials,
): Promise<void> {
  if (credentials.kind === 'psk') {
    const data = new Secret(utf8(credentials.secret));
    daemon.sharedKeys.load({ type: 'ike', data, owners: [] });
    return;
  }
  const { root, intermediate, client } = credentials;
  for (const [flag, issued] of [
    ['CA', root],
    ['CA', intermediate],
    ['NONE', client],
  ] as const) {
    const outcome = daemon.credentials.load('X509', flag, issued.certificate);
    if (!outcome.ok) throw new TypeError(outcome.explanation);
  }
  const loaded = await keys.load({ data: client.privateKey.slice(), origin: 'vici' });
  if (!loaded.ok) throw new TypeError(loaded.reason);
}

function connectionOf(
  index: number,
  proposals: ConnectionConfig['proposals'],
  esp: ChildConfig['proposals'],
  authentication: Authentication,
): ConnectionConfig {
  const name = `c${index}`;
  const inside = `10.${(index >> 16) & 0x7f}.${(index >> 8) & 0xff}.${index & 0xff}/32`;
  const child = childConfig('net', {
    proposals: esp,
    localTs: [{ kind: 'fixed', selector: ts(inside) }],
    remoteTs: [{ kind: 'fixed', selector: ts('10.128.0.0/16') }],
  });
  return connectionConfig(name, {
    localAddrs: [hostSpec('127.0.0.2')],
    remoteAddrs: [hostSpec('127.0.0.1')],
    mobike: false,
    proposals,
    ...authentication(name),
    children: new Map([[child.name, child]]),
  });
}
