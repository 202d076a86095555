import type { ConnectionConfig } from '../../config/connection-types.ts';
import { KeyExchangeError } from '../../contracts/crypto.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { NotifyType, notifyName } from '../../proto/iana/notify-types.ts';
import { nameOfKeMethod } from '../../proto/iana/transforms.ts';
import { NO_SPI } from '../../proto/ike-spi.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import { printProposals } from '../../proto/proposal-print.ts';
import { selectProposal } from '../../proto/proposal-select.ts';
import { alert } from '../announce.ts';
import { proposalFailure, refusedProposals, wantsOther } from '../attempts/failure.ts';
import { announcedHashes, hashesPayload, readAbilities } from '../authenticators/abilities.ts';
import { EstablishError } from '../errors.ts';
import {
  agreedKeMethod,
  installKeys,
  keMethods,
  keyExchangeOf,
  numbered,
} from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { InitialExchanges } from '../initial-exchanges.ts';
import { detectNat, natDetectionPayloads } from '../nat-detection.ts';
import { find, findError, findNotify, notify, readVendorIds, vendorIds } from '../payloads.ts';
import { mayUsePpk, offerPpk } from '../ppk-initiator.ts';
import { announcesEarlyPpk } from '../ppk-intermediate.ts';
import { checkRedirected, redirectAbility } from '../redirect.ts';
import type { OutboundRequest, Reply } from '../task.ts';
import {
  announceIntermediate,
  announcesIntermediate,
  hasAdditionalKe,
} from './ike-intermediate.ts';

/** COOKIE and INVALID_KE_PAYLOAD answers that one try follows. */
const MAX_RESTARTS = 5;
export const NONCE_OCTETS = 32;
const EMPTY = new Uint8Array(0);

/**
 * IKE_SA_INIT as initiator, RFC 7296 section 1.2, with COOKIE (2.6), INVALID_KE_PAYLOAD (2.7) and NAT detection (2.23):
 *
 *     HDR, [N(COOKIE)], SAi1, KEi, Ni, N(NATD_S_IP), N(NATD_D_IP)  -->
 *                                <--  HDR, SAr1, KEr, Nr, N(NATD_S_IP), N(NATD_D_IP)
 */
export async function* ikeSaInit(
  sa: IkeSa,
  connection: ConnectionConfig,
): AsyncGenerator<OutboundRequest, InitialExchanges, Reply> {
  const { crypto, random } = sa.env;
  const methods = keMethods(connection.proposals);
  const ni = random.bytes(NONCE_OCTETS);
  const usePpk = offerPpk(sa, connection);
  let method = methods[0] ?? 0;
  let cookie: Payload[] = [];

  for (let restart = 0; restart <= MAX_RESTARTS; ) {
    using exchange = keyExchangeOf(crypto, method).initiate();
    const payloads = requestPayloads(sa, connection, {
      method,
      ke: exchange.publicValue,
      ni,
      usePpk,
    });
    while (restart++ <= MAX_RESTARTS) {
      const reply: Reply = yield {
        exchange: ExchangeType.IKE_SA_INIT,
        payloads: [...cookie, ...payloads],
      };
      const { message } = reply;
      const asked = findNotify(message, NotifyType.COOKIE);
      if (asked !== undefined) {
        // The request goes out again with the cookie in front and nothing else changed.
        cookie = [notify(NotifyType.COOKIE, asked.data)];
        sa.log.log('ike', 1, 'received COOKIE notify, repeating the request with it');
        continue;
      }
      checkRedirected(sa, message);
      const refused = findNotify(message, NotifyType.INVALID_KE_PAYLOAD);
      if (refused === undefined) {
        const accepted = accept(sa, connection, method, exchange, ni, reply);
        return { ...accepted, ppk: mayUsePpk(sa, usePpk.length > 0, connection, message) };
      }
      method = otherMethod(sa, methods, method, refused.data);
      break;
    }
  }
  throw new EstablishError(
    `peer answered IKE_SA_INIT with COOKIE or INVALID_KE_PAYLOAD ${MAX_RESTARTS + 1} times`,
  );
}

interface RequestParts {
  readonly method: number;
  readonly ke: Uint8Array;
  readonly ni: Uint8Array;
  readonly usePpk: readonly Payload[];
}

function requestPayloads(sa: IkeSa, connection: ConnectionConfig, parts: RequestParts): Payload[] {
  return [
    { kind: 'SA', proposals: numbered(connection.proposals, EMPTY) },
    { kind: 'KE', method: parts.method, data: parts.ke },
    { kind: 'Nonce', data: parts.ni },
    ...natDetectionPayloads(sa, sa.spiI, NO_SPI, connection.encap),
    ...(connection.fragmentation === 'no'
      ? []
      : [notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED)]),
    ...hashesPayload(announcedHashes(sa, [connection])),
    ...announceIntermediate(
      hasAdditionalKe(connection.proposals) || announcesEarlyPpk(sa, parts.usePpk),
    ),
    ...parts.usePpk,
    ...redirectAbility(sa),
    ...vendorIds(sa.env.options(), true),
  ];
}

// RFC 7296 section 2.7; the group must be one that we offered, or a forger could choose it for us.
function otherMethod(
  sa: IkeSa,
  offered: readonly number[],
  current: number,
  data: Uint8Array,
): number {
  const [high = 0, low = 0] = data;
  const wanted = (high << 8) | low;
  const sentence =
    `peer didn't accept key exchange method ${nameOfKeMethod(current)}, ` +
    `it requested ${nameOfKeMethod(wanted)}`;
  sa.log.log('ike', 1, sentence);
  if (data.length !== 2 || !offered.includes(wanted) || wanted === current) {
    throw new EstablishError(
      `${sentence}, which we do not offer; add it to the proposals of '${sa.connection?.name}'`,
      { failure: wantsOther(offered, wanted) },
    );
  }
  return wanted;
}

function accept(
  sa: IkeSa,
  connection: ConnectionConfig,
  method: number,
  exchange: { secret(peerPublic: Uint8Array): Uint8Array },
  ni: Uint8Array,
  reply: Reply,
): Omit<InitialExchanges, 'ppk'> {
  const { message } = reply;
  refuseErrors(sa, message, connection);
  const [offer, ke, nonce] = [find(message, 'SA'), find(message, 'KE'), find(message, 'Nonce')];
  if (offer === undefined || ke === undefined || nonce === undefined) {
    throw new EstablishError('IKE_SA_INIT response lacks an SA, KE or Nonce payload');
  }
  if (message.spiR === NO_SPI || message.spiR === message.spiI) {
    throw new EstablishError('IKE_SA_INIT response carries no SPI of the responder');
  }
  const selection = selectProposal(numbered(connection.proposals, EMPTY), offer.proposals, {
    preferConfigured: false,
  });
  if (!selection.ok || offer.proposals.length !== 1) {
    throw new EstablishError(
      `peer selected ${printProposals(offer.proposals)}, which is not among what we proposed`,
      { failure: proposalFailure(selection.ok ? undefined : selection.nearest) },
    );
  }
  if (agreedKeMethod(selection.proposal) !== method || ke.method !== method) {
    throw new EstablishError(
      'the key exchange of the IKE_SA_INIT response does not match the selected proposal',
    );
  }
  if (hasAdditionalKe([selection.proposal]) && !announcesIntermediate(message)) {
    throw new EstablishError(
      'peer selected additional key exchanges, but does not support IKE_INTERMEDIATE to carry them out',
    );
  }
  let secret: Uint8Array;
  try {
    secret = exchange.secret(ke.data);
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    throw new EstablishError(
      `peer sent an unusable ${nameOfKeMethod(method)} value: ${error.message}`,
      {
        cause: error,
      },
    );
  }
  sa.spiR = message.spiR;
  sa.peerIsStrongSwan = readVendorIds(sa.log, message);
  detectNat(sa, message);
  sa.peerIsChildless = findNotify(message, NotifyType.CHILDLESS_IKEV2_SUPPORTED) !== undefined;
  sa.mayFragment =
    (connection.fragmentation === 'yes' || connection.fragmentation === 'force') &&
    findNotify(message, NotifyType.IKEV2_FRAGMENTATION_SUPPORTED) !== undefined;
  sa.log.log('cfg', 1, `selected proposal: ${printProposals([selection.proposal])}`);
  installKeys(sa, selection.proposal, ni, nonce.data, secret);
  const abilities = readAbilities(sa, message, announcedHashes(sa, [connection]));
  const { request, raw: response } = reply;
  return { ni, nr: nonce.data, request, response, intAuth: EMPTY, abilities };
}

function refuseErrors(sa: IkeSa, message: Message, connection: ConnectionConfig): void {
  const error = findError(message);
  if (error === undefined) return;
  if (error.type === NotifyType.NO_PROPOSAL_CHOSEN) {
    alert(sa.env, 'proposal-mismatch-ike', sa);
    throw new EstablishError(
      'received NO_PROPOSAL_CHOSEN notify error: the peer accepts none of our IKE proposals ' +
        `(${printProposals(connection.proposals)})`,
      { failure: refusedProposals(connection.proposals) },
    );
  }
  throw new EstablishError(`received ${notifyName(error.type)} notify error in IKE_SA_INIT`, {
    failure: { kind: 'refused', notify: error.type },
  });
}
