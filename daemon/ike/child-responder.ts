import type { ConnectionConfig } from '../config/connection-types.ts';
import { KernelError } from '../contracts/kernel.ts';
import { type ChildSpi, childSpiBytes, childSpiFrom } from '../proto/child-spi.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Message, NotifyPayload, Payload } from '../proto/payload.ts';
import { type Awaitable, andThen } from '../util/awaitable.ts';
import { lowerBytes } from '../util/bytes.ts';
import type { Draft } from '../util/draft.ts';
import { InternalError } from '../util/error.ts';
import { run, settled, type Waits } from '../util/waits.ts';
import { childByPeerSpi } from './child-deletes.ts';
import { expireChild } from './child-expiry.ts';
import { type ChildFeatures, featureNotifies } from './child-features.ts';
import { type ChildAgreement, installChild } from './child-install.ts';
import {
  failed,
  type NegotiatedChild,
  negotiateChild,
  noteRefusedChild,
} from './child-negotiation.ts';
import type { ChildSa } from './child-sa.ts';
import { ReservedSpis } from './child-spis.ts';
import { type ExchangedSecrets, wipeSecrets } from './create-exchange.ts';
import { respondExchange } from './create-responder.ts';
import { elderOf, inherit } from './heirs.ts';
import { additionalKeMethods } from './ike-proposals.ts';
import type { IkeSa } from './ike-sa.ts';
import { find, findNotify, notify } from './payloads.ts';
import type { InboundRequest, OutboundResponse, ResponderScript } from './task.ts';

/**
 * Answers the CHILD_SA part of an IKE_AUTH request; what was agreed is installed before the peer is told. A refusal is
 * a notify, and no payloads at all if the request asked for no CHILD_SA (RFC 6023).
 */
export function respondChild(
  sa: IkeSa,
  connection: ConnectionConfig,
  message: Message,
  ni: Uint8Array,
  nr: Uint8Array,
): Awaitable<readonly Payload[]> {
  return run(answerChild(sa, connection, message, ni, nr));
}

function* answerChild(
  sa: IkeSa,
  connection: ConnectionConfig,
  message: Message,
  ni: Uint8Array,
  nr: Uint8Array,
): Waits<readonly Payload[]> {
  const agreed = negotiateChild(sa, connection, message, false);
  if (agreed === undefined) return [];
  if (agreed.kind === 'refused') return agreed.payloads;
  const spis = new ReservedSpis(sa);
  try {
    try {
      const spiIn = yield* settled(reserve(spis, agreed));
      const parts = { ni, nr, secrets: NO_SECRETS, old: undefined };
      const elder = elderOf(sa, agreed);
      const child = yield* settled(installChild(sa, agreement(sa, agreed, spis, parts, elder)));
      spis.takenOver(agreed.proposal.protocol);
      if (elder !== undefined) inherit(elder, child);
      return answerOf(sa, agreed, spiIn, spis.cpi, []);
    } finally {
      yield* settled(spis.release());
    }
  } catch (error) {
    return kernelRefusal(sa, agreed, error);
  }
}

const NO_SECRETS: ExchangedSecrets = { method: 0, secret: undefined, additional: [] };

/**
 * CREATE_CHILD_SA for a CHILD_SA as responder: a further one (RFC 7296 section 1.3.1), or one that replaces another
 * (section 1.3.3). What receives is installed before the answer leaves; a replacement sends once the peer deletes the
 * old CHILD_SA, because only then it is certain that the peer has the new one.
 */
export function* respondCreateChild(sa: IkeSa, first: InboundRequest): ResponderScript {
  const { message } = first;
  const { connection } = sa;
  const nonce = find(message, 'Nonce');
  if (connection === undefined || nonce === undefined) return;
  const rekey = findNotify(message, NotifyType.REKEY_SA);
  const old = rekey === undefined ? undefined : rekeyed(sa, rekey);
  if (old !== undefined && 'refusal' in old) {
    yield { payloads: old.refusal };
    return;
  }
  const agreed = negotiateChild(sa, connection, message, true, old?.child);
  if (agreed === undefined || agreed.kind === 'refused') {
    yield { payloads: agreed?.payloads ?? [notify(NotifyType.INVALID_SYNTAX)] };
    return;
  }
  const { proposal } = agreed;
  const spis = new ReservedSpis(sa);
  let spiIn: ChildSpi;
  try {
    spiIn = yield* settled(reserve(spis, agreed));
  } catch (error) {
    yield* settled(spis.release());
    if (!(error instanceof KernelError)) throw error;
    yield { payloads: failed(sa, NotifyType.NO_PROPOSAL_CHOSEN).payloads };
    return;
  }
  const replaced = old?.child;
  const waits = additionalKeMethods(proposal).length > 0;
  try {
    yield* respondExchange(sa, first, {
      proposal,
      payloads: (own) => answerOf(sa, agreed, spiIn, spis.cpi, own),
      begin: (nr) => {
        if (replaced === undefined || !waits) return;
        replaced.peerRekey = { replacement: undefined, lowestNonce: lowerBytes(nonce.data, nr) };
        replaced.state = 'REKEYING';
      },
      refusal: () => (replaced === undefined ? undefined : busyWith(sa, replaced)),
      complete: (nr, secrets) =>
        run(completed(sa, agreed, spis, { ni: nonce.data, nr, secrets, old: replaced })),
    });
  } finally {
    if (replaced !== undefined) yield* settled(giveUp(replaced));
    yield* settled(spis.release());
  }
}

/** The peer did not complete its rekeying: the CHILD_SA serves on, if nothing else is going on with it. */
function giveUp(child: ChildSa): Awaitable<void> {
  if (child.peerRekey === undefined || child.peerRekey.replacement !== undefined) return undefined;
  child.peerRekey = undefined;
  if (child.state !== 'REKEYING' || child.rekeyOpen || child.followsUp) return undefined;
  child.state = 'INSTALLED';
  return child.expired ? expireChild(child) : undefined;
}

/** The CHILD_SA that a REKEY_SA notify means, or why it cannot be rekeyed now. */
function rekeyed(
  sa: IkeSa,
  notified: NotifyPayload,
): { readonly child: ChildSa } | { readonly refusal: readonly Payload[] } {
  const { protocol, spi } = notified;
  const child = childByPeerSpi(sa, protocol, childSpiFrom(spi));
  const known = protocol === ProtocolId.ESP || protocol === ProtocolId.AH;
  if (child === undefined && known && sa.tasks.creating) {
    // It may be the one whose creation the peer has answered, and the answer is still on its way.
    sa.log.log('ike', 1, 'peer asks to rekey a CHILD_SA that does not exist yet');
    return { refusal: [notify(NotifyType.TEMPORARY_FAILURE)] };
  }
  if (child === undefined || !known) {
    sa.log.log('ike', 1, 'peer asks to rekey a CHILD_SA that does not exist');
    const data = new Uint8Array(0);
    const type = NotifyType.CHILD_SA_NOT_FOUND;
    return { refusal: [{ kind: 'Notify', protocol, spi, type, data }] };
  }
  const refusal = busyWith(sa, child);
  return refusal === undefined ? { child } : { refusal };
}

/** RFC 7296 section 2.25.1: why a CHILD_SA cannot be replaced by the peer now. */
function busyWith(sa: IkeSa, child: ChildSa): readonly Payload[] | undefined {
  const replaceable = child.state === 'INSTALLED' || child.state === 'REKEYING';
  const sends = child.outbound === 'INSTALLED';
  // strongSwan 6.1.0 that has asked for this when our DELETE of the one before arrives forgets to delete the one it
  // replaces: it would receive nothing more of what we send.
  const free = !child.followsUp && !child.unsettled;
  if (replaceable && sends && free && sa.children.has(child.terms.uniqueId)) return undefined;
  sa.log.log('ike', 1, `peer asks to rekey CHILD_SA ${child.label}, which is ${child.state}`);
  return [notify(NotifyType.TEMPORARY_FAILURE)];
}

interface Parts {
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly secrets: ExchangedSecrets;
  readonly old: ChildSa | undefined;
}

/** Installs what was agreed, wipes the secrets, and answers without the payloads of a success. */
function* completed(
  sa: IkeSa,
  agreed: NegotiatedChild,
  spis: ReservedSpis,
  parts: Parts,
): Waits<OutboundResponse> {
  const { ni, nr, secrets, old } = parts;
  try {
    const elder = old === undefined ? elderOf(sa, agreed) : undefined;
    const child = yield* settled(installChild(sa, agreement(sa, agreed, spis, parts, elder)));
    spis.takenOver(agreed.proposal.protocol);
    if (elder !== undefined) inherit(elder, child);
    if (old === undefined) return { payloads: [] };
    child.predecessor = old;
    old.peerRekey = { replacement: child, lowestNonce: lowerBytes(ni, nr) };
    old.state = 'REKEYED';
    return { payloads: [] };
  } catch (error) {
    return { payloads: kernelRefusal(sa, agreed, error) };
  } finally {
    wipeSecrets(secrets);
  }
}

function agreement(
  sa: IkeSa,
  agreed: NegotiatedChild,
  spis: ReservedSpis,
  { ni, nr, secrets, old }: Parts,
  elder: ChildSa | undefined,
): ChildAgreement {
  const { proposal, peer, perCpu } = agreed;
  const spiIn = spis.get(proposal.protocol);
  if (spiIn === undefined) throw new InternalError('CHILD_SA without an SPI');
  const made: Draft<ChildAgreement> = {
    uniqueId: sa.env.registry.nextChildId(),
    child: agreed.child,
    proposal,
    mode: agreed.mode,
    peer,
    spiIn,
    spiOut: agreed.spiOut,
    localTs: agreed.localTs,
    remoteTs: agreed.remoteTs,
    byUs: false,
    ni,
    nr,
    secret: secrets.secret,
    additional: secrets.additional,
    outbound: old === undefined && elder === undefined,
  };
  const [cpiIn, cpiOut] = [spis.cpi, peer.cpi];
  if (cpiIn !== undefined && cpiOut !== undefined) made.ipcomp = { cpiIn, cpiOut };
  if (perCpu !== undefined) made.perCpu = perCpu;
  if (old !== undefined) made.replaces = old;
  return made;
}

function reserve(spis: ReservedSpis, agreed: NegotiatedChild): Awaitable<ChildSpi> {
  const { protocol } = agreed.proposal;
  if (!agreed.compress) return spis.reserve(protocol);
  return andThen(spis.reserveCpi(), () => spis.reserve(protocol));
}

function answerOf(
  sa: IkeSa,
  { mode, proposal, selectors, perCpu }: NegotiatedChild,
  spiIn: ChildSpi,
  cpi: ChildSpi | undefined,
  exchange: readonly Payload[],
): readonly Payload[] {
  const wholePackets = !sa.env.options()['iptfs.accept_fragments'];
  const features: Draft<ChildFeatures> = { mode, wholePackets };
  if (cpi !== undefined) features.cpi = cpi;
  if (perCpu !== undefined) features.perCpu = perCpu;
  return [
    ...featureNotifies(features),
    { kind: 'SA', proposals: [{ ...proposal, spi: childSpiBytes(spiIn) }] },
    ...exchange,
    ...selectors,
  ];
}

/** What the peer is told if the kernel refused; any other error is thrown. */
function kernelRefusal(sa: IkeSa, { child }: NegotiatedChild, error: unknown): readonly Payload[] {
  if (!(error instanceof KernelError)) throw error;
  const notify = NotifyType.NO_PROPOSAL_CHOSEN;
  noteRefusedChild(sa, error.message, { kind: 'kernel' }, notify, child.name);
  return failed(sa, notify).payloads;
}
