import type { ConnectionConfig } from '../config/connection-types.ts';
import type { DaemonOptions } from '../config/options.ts';
import { spiPairOctets } from '../crypto/spi-octets.ts';
import type { Lease } from '../pools/pool-store.ts';
import { ConfigAttributeType, ConfigType } from '../proto/iana/config-attributes.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Identity } from '../proto/identity.ts';
import { familyOf, type IpAddress, ipBytes, isUnspecified, parseIp } from '../proto/ip-address.ts';
import type { ConfigAttribute, Message, Payload } from '../proto/payload.ts';
import { alert } from './announce.ts';
import {
  failed,
  noteMissingRequest,
  noteRefusedChild,
  type RefusedChild,
} from './child-negotiation.ts';
import { addressAttribute, readConfig } from './config-payload.ts';
import { isNobody } from './identities.ts';
import type { IkeSa } from './ike-sa.ts';
import { find, notify } from './payloads.ts';

/** What the configuration payload of IKE_AUTH is answered with. */
export type Assignment =
  | { readonly kind: 'none' }
  /** CP(CFG_REPLY). */
  | { readonly kind: 'assigned'; readonly payloads: readonly Payload[] }
  /** A notify: no CHILD_SA is set up without the address it is for. */
  | RefusedChild;

/**
 * Assigns virtual IPs to an authenticated peer that asks for them, RFC 7296 section 2.19; at least one must be had. `share`:
 * another IKE_SA of the same peer is about to go, so its address may be given again.
 */
export function assignAddresses(
  sa: IkeSa,
  connection: ConnectionConfig,
  request: Message,
  share: boolean,
): Assignment {
  const payload = find(request, 'CP');
  const asked =
    payload?.type === ConfigType.CFG_REQUEST ? readConfig(payload.attributes) : undefined;
  for (const { value } of asked?.malformed ?? []) {
    sa.log.log('ike', 1, `ignoring configuration attribute with ${value.length} octets`);
  }
  if (asked === undefined || asked.addresses.length === 0) {
    const wantsChild = find(request, 'SA') !== undefined;
    if (connection.pools.length === 0 || !wantsChild) return { kind: 'none' };
    sa.log.log('ike', 1, 'expected a virtual IP request, sending FAILED_CP_REQUIRED');
    noteMissingRequest(sa);
    return refuse(sa, NotifyType.FAILED_CP_REQUIRED, request);
  }
  const leases = acquire(sa, connection, asked.addresses, share);
  if (leases.length === 0) {
    sa.log.log('ike', 1, 'no virtual IP found, sending INTERNAL_ADDRESS_FAILURE');
    const pools = connection.pools.join(', ') || 'none';
    const reason = `no address is left for the peer in the pools of the connection (${pools})`;
    const failure = { kind: 'virtual-ip', subject: pools } as const;
    noteRefusedChild(sa, reason, failure, NotifyType.INTERNAL_ADDRESS_FAILURE);
    return refuse(sa, NotifyType.INTERNAL_ADDRESS_FAILURE, request);
  }
  sa.configuration.assigned(leases);
  const pools = [...new Set(leases.map((lease) => lease.pool))];
  const attributes = [
    ...leases.map((lease) => addressAttribute(lease.address)),
    ...pools.flatMap((pool) => sa.env.pools.attributes(pool)),
    ...globalAttributes(sa.env.options()),
  ];
  const reply: Payload = { kind: 'CP', type: ConfigType.CFG_REPLY, attributes };
  return { kind: 'assigned', payloads: [reply] };
}

function acquire(
  sa: IkeSa,
  connection: ConnectionConfig,
  asked: readonly IpAddress[],
  share: boolean,
): readonly Lease[] {
  const { env, log } = sa;
  const who = sa.printedId('remote');
  const leases: Lease[] = [];
  const identity = leaseHolder(sa);
  if (identity === undefined) return leases;
  for (const address of asked) {
    log.log('ike', 1, `peer requested virtual IP ${print(address)}`);
    const held = new Set(leases.map((lease) => lease.address));
    const lease = env.pools.acquire(
      connection.pools,
      { identity, asked: address, share, held },
      log,
    );
    if (lease === undefined) {
      log.log('ike', 1, `no virtual IP found for ${print(address)} requested by '${who}'`);
      continue;
    }
    log.log('ike', 1, `assigning virtual IP ${lease.address} to peer '${who}'`);
    leases.push(lease);
  }
  return leases;
}

/** In whose name an IKE_SA holds leases: peers without a name must not get each other's addresses. */
export function leaseHolder({ remoteId, spiR, spiI }: IkeSa): Identity | undefined {
  if (remoteId === undefined || !isNobody(remoteId)) return remoteId;
  return { ...remoteId, data: spiPairOctets(spiI, spiR) };
}

function refuse(sa: IkeSa, type: number, request: Message): RefusedChild {
  alert(sa.env, 'vip-failure', sa);
  if (find(request, 'SA') === undefined) return { kind: 'refused', payloads: [notify(type)] };
  sa.log.log('ike', 1, 'configuration payload negotiation failed, no CHILD_SA built');
  return failed(sa, type);
}

/** `charon.dns1` and the like, and what section `plugins.attr` lists: for every peer with a virtual IP. */
function globalAttributes(options: DaemonOptions): readonly ConfigAttribute[] {
  const { INTERNAL_IP4_DNS, INTERNAL_IP6_DNS, INTERNAL_IP4_NBNS } = ConfigAttributeType;
  const servers = (texts: readonly (string | undefined)[], v4: number, v6: number | undefined) =>
    texts.flatMap((text): readonly ConfigAttribute[] => {
      const address = parseIp(text ?? '');
      if (address === undefined) return [];
      const type = familyOf(address) === 4 ? v4 : v6;
      return type === undefined ? [] : [{ type, value: ipBytes(address) }];
    });
  return [
    ...servers([options.dns1, options.dns2], INTERNAL_IP4_DNS, INTERNAL_IP6_DNS),
    ...servers([options.nbns1, options.nbns2], INTERNAL_IP4_NBNS, undefined),
    ...options.attributes,
  ];
}

function print(address: IpAddress): string {
  if (!isUnspecified(address)) return address;
  return familyOf(address) === 4 ? '%any' : '%any6';
}
