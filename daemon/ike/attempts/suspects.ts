import { addressQuality, type ResolvedNames } from '../../config/address-match.ts';
import type { ConnectionConfig } from '../../config/connection-types.ts';
import { printEndpoint } from '../../proto/endpoint.ts';
import type { Identity } from '../../proto/identity.ts';
import { matchIdentity } from '../../proto/identity-match.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import { selectProposal } from '../../proto/proposal-select.ts';
import type { IkeEnvironment } from '../environment.ts';
import { clipped } from './clipped.ts';
import { differencesOf } from './differences.ts';
import type { Suspect } from './explanation.ts';
import type { Difference } from './failure.ts';
import { hintFor } from './hints.ts';
import type { RefusedPeer } from './refused-peers.ts';

/** More would not help anybody. */
const MAX_SUSPECTS = 5;
const MAX_STRANGERS = 2;

/** Refused peers that may have meant a connection, the last first, and what keeps them from it as it is loaded now. */
export function suspectsOf(
  env: IkeEnvironment,
  connection: ConnectionConfig,
  known: ResolvedNames,
): readonly Suspect[] {
  const now = env.clock.wallClock();
  const near: Suspect[] = [];
  const far: Suspect[] = [];
  for (const peer of env.attempts.refused.all()) {
    const found = mayMean(env, connection, peer, known, now);
    if (found === undefined) continue;
    const { differences, isNear } = found;
    const list = isNear ? near : far;
    if (list.length === MAX_SUSPECTS) continue;
    const { kind, remoteId } = peer;
    const suspect = {
      ...peer,
      kind: differences.some(({ what }) => what === 'proposal') ? 'proposal' : kind,
      differences,
      local: printEndpoint(peer.local),
      remote: printEndpoint(peer.remote),
      remoteId: remoteId && clipped(printIdentity(remoteId)),
    } as const;
    const about = { ...suspect, role: 'responder', subject: undefined, child: undefined } as const;
    list.push({ ...suspect, hint: hintFor(about, connection) });
  }
  // Strangers may be many, and tell something only if nobody else does.
  return near.length > 0 ? near : far.slice(0, MAX_STRANGERS);
}

/** Milliseconds for which a peer that shares nothing but our address with a connection is worth telling. */
const RECENT = 600_000;

/** In what a peer differs from a connection, and whether its address or its name is the right one; `undefined` if it did not mean it. */
function mayMean(
  env: IkeEnvironment,
  connection: ConnectionConfig,
  peer: RefusedPeer,
  known: ResolvedNames,
  now: number,
): { readonly differences: readonly Difference[]; readonly isNear: boolean } | undefined {
  const here = addressQuality(connection.localAddrs, peer.local.address, known) > 0;
  const there = addressQuality(connection.remoteAddrs, peer.remote.address, known) > 0;
  if (!here) return undefined;
  const judged = peer.kind === 'proposal' || peer.kind === 'no-connection';
  if (!judged) return there ? { differences: [], isNear: true } : undefined;
  const ids = identityDifferences(env, connection, peer);
  if (there) {
    const differences = [...ids, ...proposalDifferences(env, connection, peer)];
    // It would be accepted now: something else was loaded then.
    return differences.length === 0 ? undefined : { differences, isNear: true };
  }
  if (peer.kind !== 'no-connection') return undefined;
  const alike = peer.remoteId !== undefined && ids.length === 0;
  // Without identities the address is all there is to know it by.
  if (!alike && (peer.remoteId !== undefined || now - peer.last >= RECENT)) return undefined;
  const ours = connection.remoteAddrs.map(({ text }) => text).join(', ');
  const address = { what: 'address of the peer', ours, theirs: peer.remote.address };
  return { differences: [address, ...ids], isNear: alike };
}

function identityDifferences(
  env: IkeEnvironment,
  { local, remote }: ConnectionConfig,
  { asked, remoteId }: RefusedPeer,
): readonly Difference[] {
  const rdn = env.options().rdn_matching;
  const differ = (
    what: string,
    wanted: Identity | undefined,
    named: Identity | undefined,
  ): readonly Difference[] =>
    wanted === undefined || named === undefined || matchIdentity(wanted, named, rdn) > 0
      ? []
      : [{ what, ours: printIdentity(wanted), theirs: clipped(printIdentity(named)) }];
  return [
    ...differ('identity of the peer', remote[0]?.id, remoteId),
    ...differ('our identity', local[0]?.id, asked),
  ];
}

function proposalDifferences(
  env: IkeEnvironment,
  { proposals }: ConnectionConfig,
  peer: RefusedPeer,
): readonly Difference[] {
  if (peer.proposals === undefined) return [];
  const options = env.options();
  const selection = selectProposal(proposals, peer.proposals, {
    preferConfigured: options.prefer_configured_proposals,
    acceptPrivate: options.accept_private_algs,
  });
  return selection.ok || selection.nearest === undefined ? [] : differencesOf(selection.nearest);
}
