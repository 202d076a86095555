import type { ConnectionConfig } from '../config/connection-types.ts';
import { KeyExchangeError } from '../contracts/crypto.ts';
import { KernelError } from '../contracts/kernel.ts';
import { childSpiBytes } from '../proto/child-spi.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import { nameOfKeMethod } from '../proto/iana/transforms.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { reserveSpi } from './child-initiator.ts';
import { installChild } from './child-install.ts';
import { failed, type NegotiatedChild, negotiateChild } from './child-negotiation.ts';
import { agreedKeMethod, keyExchangeOf } from './ike-proposals.ts';
import type { IkeSa } from './ike-sa.ts';
import { find, findNotify, notify } from './payloads.ts';
import { NONCE_OCTETS } from './tasks/ike-sa-init.ts';

/**
 * Answers the CHILD_SA part of an IKE_AUTH request; what was agreed is installed before the peer is told. A refusal is
 * a notify, and no payloads at all if the request asked for no CHILD_SA (RFC 6023).
 */
export async function respondChild(
  sa: IkeSa,
  connection: ConnectionConfig,
  message: Message,
  ni: Uint8Array,
  nr: Uint8Array,
): Promise<readonly Payload[]> {
  const agreed = negotiateChild(sa, connection, message, false);
  if (agreed === undefined) return [];
  if (agreed.kind === 'refused') return agreed.payloads;
  return install(sa, agreed, { ni, nr, secret: undefined }, []);
}

/**
 * CREATE_CHILD_SA as responder, RFC 7296 section 1.3.1: a further CHILD_SA, with a key exchange of its own if the agreed
 * proposal names one. Rekeying is refused in the way the RFC has for minimal implementations (section 4): the peer
 * then sets up a new IKE_SA.
 */
export async function respondCreateChild(sa: IkeSa, message: Message): Promise<readonly Payload[]> {
  const { log, connection } = sa;
  const nonce = find(message, 'Nonce');
  const rekeys =
    findNotify(message, NotifyType.REKEY_SA) !== undefined || find(message, 'TSi') === undefined;
  if (sa.state.kind !== 'established' || sa.ending) return [notify(NotifyType.TEMPORARY_FAILURE)];
  if (rekeys || connection === undefined || nonce === undefined) {
    log.log('ike', 1, 'peer asks for rekeying, which is refused');
    return [notify(NotifyType.NO_ADDITIONAL_SAS)];
  }
  const agreed = negotiateChild(sa, connection, message, true);
  if (agreed === undefined) return [notify(NotifyType.INVALID_SYNTAX)];
  if (agreed.kind === 'refused') return agreed.payloads;

  const nr = sa.env.random.bytes(NONCE_OCTETS);
  const own: Payload = { kind: 'Nonce', data: nr };
  const method = agreedKeMethod(agreed.proposal);
  if (method === 0) {
    return install(sa, agreed, { ni: nonce.data, nr, secret: undefined }, [own]);
  }
  const ke = find(message, 'KE');
  // Perfect forward secrecy was agreed: a request without it would quietly do without (RFC 7296 section 1.3.1).
  if (ke === undefined) return failed(sa, NotifyType.NO_PROPOSAL_CHOSEN).payloads;
  if (ke.method !== method) {
    const [got, want] = [nameOfKeMethod(ke.method), nameOfKeMethod(method)];
    log.log(
      'ike',
      1,
      `key exchange method ${got} in received payload doesn't match negotiated ${want}`,
    );
    return [notify(NotifyType.INVALID_KE_PAYLOAD, Uint8Array.of(method >>> 8, method & 0xff))];
  }
  try {
    const { publicValue, secret } = keyExchangeOf(sa.env.crypto, method).respond(ke.data);
    const payloads: Payload[] = [own, { kind: 'KE', method, data: publicValue }];
    try {
      return await install(sa, agreed, { ni: nonce.data, nr, secret }, payloads);
    } finally {
      secret.fill(0);
    }
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    log.log('ike', 1, `peer sent an unusable ${nameOfKeMethod(method)} value: ${error.message}`);
    return [notify(NotifyType.INVALID_SYNTAX)];
  }
}

interface Secrets {
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly secret: Uint8Array | undefined;
}

/** Installs what was agreed and writes the answer; `exchange` holds Nonce and KE of CREATE_CHILD_SA. */
async function install(
  sa: IkeSa,
  agreed: NegotiatedChild,
  secrets: Secrets,
  exchange: readonly Payload[],
): Promise<readonly Payload[]> {
  const { env } = sa;
  const { proposal } = agreed;
  const ip = proposal.protocol === ProtocolId.AH ? 51 : 50;
  try {
    const spiIn = await reserveSpi(sa, proposal.protocol);
    try {
      await installChild(sa, {
        uniqueId: env.registry.nextChildId(),
        child: agreed.child,
        proposal,
        mode: agreed.mode,
        spiIn,
        spiOut: agreed.spiOut,
        localTs: agreed.localTs,
        remoteTs: agreed.remoteTs,
        byUs: false,
        ...secrets,
      });
    } catch (error) {
      await env.installer.releaseSpi(sa.local.address, sa.remote.address, ip, spiIn);
      throw error;
    }
    return [
      ...(agreed.mode === 'transport' ? [notify(NotifyType.USE_TRANSPORT_MODE)] : []),
      { kind: 'SA', proposals: [{ ...proposal, spi: childSpiBytes(spiIn) }] },
      ...exchange,
      ...agreed.selectors,
    ];
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return failed(sa, NotifyType.NO_PROPOSAL_CHOSEN).payloads;
  }
}
