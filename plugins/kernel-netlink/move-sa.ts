import {
  KernelError,
  type KernelSa,
  type SaEnds,
  type SaId,
} from '../../daemon/contracts/kernel.ts';
import { ipBytes } from '../../daemon/proto/ip-address.ts';
import { hex32 } from '../../daemon/util/hex.ts';
import {
  EncapType,
  type Policy,
  type Sa,
  type SaInfo,
  type XfrmClient,
} from '../../native/index.ts';
import { toSaId } from './objects.ts';

/**
 * Sequence numbers left out by an outbound SA that moves: more than it can send between being read and being replaced,
 * which takes less than a millisecond, and little of 2^32.
 */
const GAP = 2 ** 20;
const WRAP = 2 ** 32;

/**
 * Moves an SA as `KernelIpsec.moveSa` promises, by reading all of it and adding it again. `XFRM_MSG_MIGRATE` would be
 * one request less, but it finds its SA by addresses and reqid, of which several CHILD_SAs may have the same (rekeying, equal
 * selectors), knows no marks, wants a policy, cannot take encapsulation away, and is an option of the kernel.
 */
export async function moveSa(
  client: XfrmClient,
  id: SaId & Pick<KernelSa, 'direction'>,
  to: SaEnds,
  policies: readonly Policy[],
  deviceOf: () => Promise<number>,
): Promise<void> {
  const found = await client.getSa(toSaId(id));
  if (found === undefined) throw refusal(id, 3, 'ESRCH', 'there is no such SA');
  try {
    await moveFound(client, found, id, to, policies, deviceOf);
  } finally {
    for (const algorithm of [found.aead, found.crypt, found.auth]) algorithm?.key.fill(0);
  }
}

async function moveFound(
  client: XfrmClient,
  found: SaInfo,
  id: SaId & Pick<KernelSa, 'direction'>,
  to: SaEnds,
  policies: readonly Policy[],
  deviceOf: () => Promise<number>,
): Promise<void> {
  const put = (): Promise<void>[] => policies.map((policy) => client.updatePolicy(policy));
  if (to.source === id.source && to.destination === id.destination) {
    const inPlace = (found.encap === undefined) === (to.encap === undefined);
    if (inPlace) {
      // An update needs a whole SA, of which the kernel takes over the encapsulation and the (same) limits alone.
      const { offload: _, ...sa } = found;
      if (to.encap !== undefined) await client.updateSa({ ...sa, ...encapFor(to, found) });
      await Promise.all(put());
      return;
    }
  }
  const next = continued(found, id, { ...endsFor(to), ...encapFor(to, found) });
  const offload =
    found.offload === undefined ? undefined : { ...found.offload, ifindex: await deviceOf() };
  const wanted: Sa = { ...next, ...(offload && { offload }) };
  if (to.destination !== id.destination) {
    await client.addSa(wanted);
    await Promise.all(put());
    await client.deleteSa(toSaId(id));
    return;
  }
  // The two would be one for the kernel. Requests made in one turn are sent in order, without waiting in between.
  const deleted = client.deleteSa(toSaId(id));
  const added = client.addSa(wanted);
  const outcomes = await Promise.allSettled([deleted, added, ...put()]);
  if (outcomes[1]?.status === 'rejected') {
    const { src, dst, encap } = found;
    const before = continued(found, id, { src, dst, ...(encap && { encap }) });
    await client.addSa(before).catch(() => undefined);
  }
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** The SA as it goes on at some ends, sequence numbers behind the gap. */
function continued(
  found: SaInfo,
  id: SaId & Pick<KernelSa, 'direction'>,
  ends: Pick<Sa, 'src' | 'dst' | 'encap'>,
): Sa {
  for (const algorithm of [found.aead, found.crypt, found.auth]) {
    if (algorithm === undefined || algorithm.key.length === 0) continue;
    if (algorithm.key.every((octet) => octet === 0)) {
      throw refusal(id, 126, 'ENOKEY', 'the kernel does not show its keys (lockdown)');
    }
  }
  const { encap: _, current, stats: _stats, lastUsed: _last, ...sa } = found;
  return {
    ...sa,
    ...ends,
    ...(id.direction === 'out' ? skipped(found, id) : {}),
    startUse: current,
  };
}

function endsFor(to: SaEnds): Pick<Sa, 'src' | 'dst'> {
  return { src: ipBytes(to.source), dst: ipBytes(to.destination) };
}

function encapFor(to: SaEnds, found: SaInfo): Pick<Sa, 'encap'> {
  if (to.encap === undefined) return {};
  return {
    encap: {
      type: EncapType.ESPINUDP,
      ...found.encap,
      srcPort: to.encap.sourcePort,
      dstPort: to.encap.destinationPort,
    },
  };
}

function skipped(found: SaInfo, id: SaId): Pick<Sa, 'replay'> {
  const replay = found.replay ?? { oseq: 0, oseqHigh: 0, seq: 0, seqHigh: 0 };
  const next = replay.oseq + GAP;
  if (next < WRAP) return { replay: { ...replay, oseq: next } };
  if (!found.esn) throw refusal(id, 75, 'EOVERFLOW', 'its sequence numbers are nearly used up');
  return { replay: { ...replay, oseq: next - WRAP, oseqHigh: replay.oseqHigh + 1 } };
}

function refusal(id: SaId, errno: number, name: string, why: string): KernelError {
  const message = `moving the SA with SPI ${hex32(id.spi)} towards ${id.destination} failed: ${why}`;
  return new KernelError('move SA', errno, name, message);
}
