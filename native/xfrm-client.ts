import { NetlinkDecodeError, NetlinkError } from './errors.ts';
import { type Again, NetlinkChannel, type OpenTransport } from './netlink-channel.ts';
import { NetlinkProtocol } from './netlink-constants.ts';
import { openNetlinkSocket } from './netlink-socket.ts';
import { iterateEvents, type Watcher, watchGroups } from './netlink-watcher.ts';
import type { NetlinkMessage } from './nlmsg.ts';
import { printAddress, printPolicyId, printSaId } from './print.ts';
import type {
  Migrate,
  Policy,
  PolicyId,
  PolicyInfo,
  Sa,
  SaId,
  SaInfo,
  XfrmEvent,
} from './types.ts';
import { XfrmGroup, XfrmMsg } from './xfrm-constants.ts';
import { decodeXfrmEvent } from './xfrm-event.ts';
import { encodeMigrate } from './xfrm-migrate.ts';
import {
  decodePolicy,
  encodePolicy,
  encodePolicyDump,
  encodePolicyFlush,
  encodePolicyId,
} from './xfrm-policy.ts';
import {
  type AllocSpi,
  decodeSa,
  encodeAllocSpi,
  encodeSa,
  encodeSaDump,
  encodeSaFlush,
  encodeSaId,
} from './xfrm-sa.ts';

/** How the clients talk to the kernel. */
export interface ClientOptions {
  /** After this long without an answer a request is sent once more, then rejected with ETIMEDOUT; 2000 unless said. */
  readonly timeoutMillis?: number;
  /** Told what is sent once more because the kernel did not answer. */
  readonly unanswered?: (operation: string) => void;
  /** Octets of kernel memory for what has not been read yet. */
  readonly receiveBuffer?: number;
  /** Opens sockets; the kernel's unless a test plays it. */
  readonly open?: OpenTransport;
}

export const DEFAULT_TIMEOUT_MILLIS = 2000;
const ENOENT = 2;
const EEXIST = 17;
const ESRCH = 3;

/** The groups that {@link XfrmClient.watch} joins unless told. */
const defaultGroups: readonly number[] = [
  XfrmGroup.ACQUIRE,
  XfrmGroup.EXPIRE,
  XfrmGroup.MIGRATE,
  XfrmGroup.MAPPING,
];

/**
 * SAs and policies of the network namespace that the process was in when it opened the client. Every call rejects
 * with {@link NetlinkError} when the kernel refuses, with ETIMEDOUT when it does not answer and with ECANCELED when
 * the client is closed meanwhile. Nothing is kept of what is passed in.
 */
export class XfrmClient implements Disposable {
  readonly #channel: NetlinkChannel;
  readonly #open: OpenTransport;

  constructor(options: ClientOptions = {}) {
    const { receiveBuffer } = options;
    this.#open =
      options.open ??
      ((handler) =>
        openNetlinkSocket(
          {
            protocol: NetlinkProtocol.XFRM,
            ...(receiveBuffer !== undefined && { receiveBuffer }),
          },
          handler,
        ));
    this.#channel = new NetlinkChannel(
      this.#open,
      options.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS,
      options.unanswered,
    );
  }

  /** Reserves an SPI and resolves with it, host order. */
  async allocateSpi(request: AllocSpi): Promise<number> {
    const operation = `allocate an SPI to ${printAddress(request.dst)}`;
    const answers = await this.#request(encodeAllocSpi(request), 'XFRM_MSG_ALLOCSPI', operation);
    return decodeSa(only(answers, XfrmMsg.NEWSA, operation)).spi;
  }

  /** Adds an SA; EEXIST when there is one. */
  async addSa(sa: Sa): Promise<void> {
    await this.#request(encodeSa('new', sa), 'XFRM_MSG_NEWSA', `add SA ${printSaId(sa)}`, {
      done: async (errno) => errno === EEXIST && isSa(await this.getSa(sa), sa),
    });
  }

  /** Completes a reserved SA or replaces one; ESRCH when there is none. */
  async updateSa(sa: Sa): Promise<void> {
    await this.#request(encodeSa('update', sa), 'XFRM_MSG_UPDSA', `update SA ${printSaId(sa)}`);
  }

  /** Removes an SA; ESRCH when there is none. */
  async deleteSa(id: SaId): Promise<void> {
    const operation = `delete SA ${printSaId(id)}`;
    await this.#request(encodeSaId('delete', id), 'XFRM_MSG_DELSA', operation, gone(ESRCH));
  }

  /** One SA with its counters, or `undefined` when there is none. */
  async getSa(id: SaId): Promise<SaInfo | undefined> {
    const operation = `query SA ${printSaId(id)}`;
    const request = this.#request(encodeSaId('get', id), 'XFRM_MSG_GETSA', operation);
    const answers = await absentAs(request, ESRCH);
    return answers && decodeSa(only(answers, XfrmMsg.NEWSA, operation));
  }

  /** Every SA, larval ones included. */
  async listSas(): Promise<SaInfo[]> {
    const messages = await this.#dump(encodeSaDump(), 'XFRM_MSG_GETSA', 'list SAs');
    return messages.filter(({ type }) => type === XfrmMsg.NEWSA).map(({ body }) => decodeSa(body));
  }

  /** Removes every SA of an IP protocol, 0 for all; none is no error. */
  async flushSas(protocol = 0): Promise<void> {
    const operation = protocol === 0 ? 'flush SAs' : `flush SAs of protocol ${protocol}`;
    const request = this.#request(encodeSaFlush(protocol), 'XFRM_MSG_FLUSHSA', operation);
    await absentAs(request, ESRCH);
  }

  /** Adds a policy; EEXIST when there is one with its selector, direction, mark and if_id. */
  async addPolicy(policy: Policy): Promise<void> {
    const operation = `add policy ${printPolicyId(policy)}`;
    await this.#request(encodePolicy('new', policy), 'XFRM_MSG_NEWPOLICY', operation, {
      done: async (errno) => errno === EEXIST && isPolicy(await this.getPolicy(policy), policy),
    });
  }

  /** Adds a policy or replaces it. */
  async updatePolicy(policy: Policy): Promise<void> {
    const operation = `update policy ${printPolicyId(policy)}`;
    await this.#request(encodePolicy('update', policy), 'XFRM_MSG_UPDPOLICY', operation);
  }

  /** Removes a policy; ENOENT when there is none. */
  async deletePolicy(id: PolicyId): Promise<void> {
    const operation = `delete policy ${printPolicyId(id)}`;
    const message = encodePolicyId('delete', id);
    await this.#request(message, 'XFRM_MSG_DELPOLICY', operation, gone(ENOENT));
  }

  /** One policy with its use, or `undefined` when there is none. */
  async getPolicy(id: PolicyId): Promise<PolicyInfo | undefined> {
    const operation = `query policy ${printPolicyId(id)}`;
    const request = this.#request(encodePolicyId('get', id), 'XFRM_MSG_GETPOLICY', operation);
    const answers = await absentAs(request, ENOENT);
    return answers && decodePolicy(only(answers, XfrmMsg.NEWPOLICY, operation));
  }

  /** Every policy, those of single sockets included. */
  async listPolicies(): Promise<PolicyInfo[]> {
    const messages = await this.#dump(encodePolicyDump(), 'XFRM_MSG_GETPOLICY', 'list policies');
    return messages
      .filter(({ type }) => type === XfrmMsg.NEWPOLICY)
      .map(({ body }) => decodePolicy(body));
  }

  /** Removes every policy but those of sockets; none is no error. */
  async flushPolicies(): Promise<void> {
    const request = this.#request(encodePolicyFlush(), 'XFRM_MSG_FLUSHPOLICY', 'flush policies');
    await absentAs(request, ESRCH);
  }

  /** Moves a policy and its SAs to new addresses. */
  async migrate(migrate: Migrate): Promise<void> {
    const operation = `migrate policy ${printPolicyId(migrate.policy)}`;
    await this.#request(encodeMigrate(migrate), 'XFRM_MSG_MIGRATE', operation);
  }

  /** Tells of events on a socket of its own, so that a flood of them costs no answers. */
  watch(handler: (event: XfrmEvent) => void, groups: readonly number[] = defaultGroups): Watcher {
    return watchGroups<XfrmEvent>(this.#open, groups, decodeXfrmEvent, handler);
  }

  /** The same as a stream, until `signal` aborts. */
  events(signal: AbortSignal, groups: readonly number[] = defaultGroups): AsyncIterable<XfrmEvent> {
    return iterateEvents<XfrmEvent>((handler) => this.watch(handler, groups), signal);
  }

  /** Closes the client, not its watchers; calling it again does nothing. */
  close(): void {
    this.#channel.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #request(
    message: Uint8Array,
    request: string,
    operation: string,
    again?: Again,
  ): Promise<NetlinkMessage[]> {
    return this.#channel.request(message, { request, operation }, again);
  }

  #dump(message: Uint8Array, request: string, operation: string): Promise<NetlinkMessage[]> {
    return this.#channel.dump(message, { request, operation });
  }
}

/** Of a removal that was asked for twice: what is not there any more was removed the first time. */
function gone(expected: number): Again {
  return { done: (errno) => errno === expected };
}

// What is there was added by the first of two requests, and is not somebody else's.
function isSa(found: SaInfo | undefined, sa: Sa): boolean {
  return found !== undefined && found.reqid === sa.reqid && equalOctets(found.src, sa.src);
}

function isPolicy(found: PolicyInfo | undefined, policy: Policy): boolean {
  return (
    found !== undefined &&
    found.priority === policy.priority &&
    found.action === policy.action &&
    found.templates.length === policy.templates.length &&
    found.templates.every(({ reqid }, at) => reqid === policy.templates[at]?.reqid)
  );
}

function equalOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}

/** Resolves with `undefined` where the kernel says that there is nothing. */
async function absentAs<T>(answer: Promise<T>, errno: number): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NetlinkError && error.errno === errno) return undefined;
    throw error;
  }
}

/** The body of the one answer that a query has. */
function only(answers: readonly NetlinkMessage[], type: number, operation: string): Uint8Array {
  const found = answers.find((message) => message.type === type);
  if (found === undefined) throw new NetlinkDecodeError(operation, 0, 'the kernel sent no answer');
  return found.body;
}
