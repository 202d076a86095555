import type { ChildConfig } from '../config/connection-types.ts';
import { type ChildSpi, childSpiBytes, childSpiFrom } from '../proto/child-spi.ts';
import { NotifyType, notifyName } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { hex32 } from '../util/hex.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { answerConfig } from './later-config.ts';
import { obeyAuthLifetime } from './lifetimes.ts';
import { findError, findNotify } from './payloads.ts';
import { namesToRestart } from './restart.ts';
import type { OutboundResponse } from './task.ts';
import { childCreate } from './tasks/child-create.ts';

type DeletePayload = Extract<Payload, { kind: 'Delete' }>;

/** INFORMATIONAL as responder: CHILD_SA deletes first, then that of the IKE_SA, one answer (RFC 7296 section 1.4.1). */
export async function respondInformational(sa: IkeSa, message: Message): Promise<OutboundResponse> {
  const deletes = message.payloads.filter((payload) => payload.kind === 'Delete');
  const failure = findError(message);
  if (failure?.type === NotifyType.AUTHENTICATION_FAILED) {
    sa.log.log('ike', 1, 'received AUTHENTICATION_FAILED notify error');
    return closing(sa, 'the peer refused our authentication after IKE_AUTH', []);
  }
  if (failure !== undefined) {
    sa.log.log('ike', 1, `received ${notifyName(failure.type)} notify error, ignored`);
  }
  const lifetime = findNotify(message, NotifyType.AUTH_LIFETIME);
  if (lifetime !== undefined) obeyAuthLifetime(sa, lifetime);
  const children = deletes.filter((payload) => payload.protocol !== ProtocolId.IKE);
  const names = namesToRestart(sa, (child) => child.closeAction.start);
  const { answers, lost } = await deleteChildren(sa, children);
  if (children.length < deletes.length) {
    sa.log.log('ike', 0, `received DELETE for IKE_SA ${sa.label}`);
    return closing(sa, 'the peer deleted the IKE_SA', names);
  }
  const again = lost.filter((child) => names.includes(child.name));
  const payloads = [...answers, ...answerConfig(sa, message)];
  return { payloads, after: () => setUpAgain(sa, again) };
}

/** The `close_action` of CHILD_SAs that the peer closed: the same ones in the same IKE_SA. */
async function setUpAgain(sa: IkeSa, children: readonly ChildConfig[]): Promise<void> {
  for (const child of children) {
    sa.log.log('ike', 1, `restarting CHILD_SA ${child.name}`);
    sa.tasks.queue(childCreate(child));
  }
  await sa.tasks.advance();
}

/** The peer closes the IKE_SA: everything goes down once the answer is sent; children to be kept come back. */
function closing(sa: IkeSa, reason: string, names: readonly string[]): OutboundResponse {
  sa.log.log(
    'ike',
    0,
    `deleting IKE_SA ${sa.label} between ${sa.local.address}[${sa.printedId('local')}]...` +
      `${sa.remote.address}[${sa.printedId('remote')}]`,
  );
  return {
    payloads: [],
    after: async () => {
      await sa.destroy(reason);
      sa.log.log('ike', 0, 'IKE_SA deleted');
      if (names.length > 0) sa.env.registry.reestablish(sa, names);
    },
  };
}

/** Closes the CHILD_SAs whose outbound SPI the peer names, and answers with our SPI of each; tells which were lost. */
async function deleteChildren(
  sa: IkeSa,
  deletes: readonly DeletePayload[],
): Promise<{ readonly answers: readonly Payload[]; readonly lost: readonly ChildConfig[] }> {
  const closed = new Map<number, Uint8Array[]>();
  const lost: ChildConfig[] = [];
  for (const payload of deletes) {
    for (const spi of payload.spis) {
      const child = childByPeerSpi(sa, payload.protocol, childSpiFrom(spi));
      const protocol = payload.protocol === ProtocolId.AH ? 'AH' : 'ESP';
      const printed = hex32(childSpiFrom(spi) ?? 0);
      if (child === undefined) {
        sa.log.log(
          'ike',
          1,
          `received DELETE for unknown ${protocol} CHILD_SA with SPI ${printed}`,
        );
        const named = childSpiFrom(spi);
        if (sa.tasks.creating && named !== undefined) {
          sa.earlyDeletes.remember(payload.protocol, named);
        }
        continue;
      }
      sa.log.log('ike', 1, `received DELETE for ${protocol} CHILD_SA with SPI ${printed}`);
      // While our own DELETE for it is under way the peer learns of it from that one, RFC 7296 section 1.4.1.
      const crossing = child.state === 'DELETING';
      await child.remove();
      sa.log.log('chd', 0, `CHILD_SA ${child.label} closed`);
      if (crossing) continue;
      lost.push(child.config);
      const own = childSpiBytes(child.terms.spiIn);
      const list = closed.get(payload.protocol);
      if (list === undefined) closed.set(payload.protocol, [own]);
      else list.push(own);
    }
  }
  const answers: readonly Payload[] = [...closed].map(([protocol, spis]) => ({
    kind: 'Delete',
    protocol,
    spiSize: 4,
    spis,
  }));
  return { answers, lost };
}

function childByPeerSpi(
  sa: IkeSa,
  protocol: number,
  spi: ChildSpi | undefined,
): ChildSa | undefined {
  const ip = protocol === ProtocolId.AH ? 51 : 50;
  for (const child of sa.children.values()) {
    if (child.terms.spiOut === spi && child.terms.protocol === ip) return child;
  }
  return undefined;
}
