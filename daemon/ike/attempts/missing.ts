import type { ResolvedNames } from '../../config/address-match.ts';
import type {
  AddressSpec,
  AuthRoundConfig,
  ConnectionConfig,
} from '../../config/connection-types.ts';
import type { Identity } from '../../proto/identity.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import { missingCredential } from '../authenticators/own-credential.ts';
import type { IkeEnvironment } from '../environment.ts';
import { addressIdentity, isConcrete } from '../identities.ts';
import type { FailureKind } from './failure.ts';

/** Something that keeps a connection from being established, seen without trying. */
export interface Missing {
  readonly kind: FailureKind;
  readonly reason: string;
  readonly subject?: string;
}

/** What a connection needs and does not have now: addresses of its names, secrets, private keys, CAs. */
export function missingFor(
  env: IkeEnvironment,
  connection: ConnectionConfig,
  known: ResolvedNames,
): readonly Missing[] {
  return [
    ...unresolved(known, connection.remoteAddrs, 'remote_addrs'),
    ...unresolved(known, connection.localAddrs, 'local_addrs'),
    ...ownProofs(env, connection),
    ...theirProofs(env, connection),
  ];
}

function unresolved(
  known: ResolvedNames,
  specs: readonly AddressSpec[],
  option: string,
): readonly Missing[] {
  const found: Missing[] = [];
  for (const { kind, text } of specs) {
    if (kind !== 'name' || known(text).length > 0) continue;
    const reason = `the name '${text}' in ${option} has no address now`;
    found.push({ kind: 'unresolved', reason, subject: text });
  }
  return found;
}

function ownProofs(env: IkeEnvironment, connection: ConnectionConfig): readonly Missing[] {
  const here = connection.local[0];
  const there = connection.remote[0];
  return connection.local
    .flatMap((round): readonly Missing[] => {
      const identity = identityOf(round, connection.localAddrs);
      if (round.class === 'psk') {
        return missingSecret(env, identity, there && identityOf(there, connection.remoteAddrs));
      }
      if (round.class !== 'pubkey' || identity === undefined) return [];
      const missing = missingCredential(env, round, identity);
      return missing === undefined ? [] : [{ ...missing, subject: printIdentity(identity) }];
    })
    .concat(
      here?.class !== 'psk' && there?.class === 'psk'
        ? missingSecret(
            env,
            here && identityOf(here, connection.localAddrs),
            identityOf(there, connection.remoteAddrs),
          )
        : [],
    );
}

function missingSecret(
  env: IkeEnvironment,
  local: Identity | undefined,
  remote: Identity | undefined,
): readonly Missing[] {
  const { sharedKeys } = env;
  if (local !== undefined && remote !== undefined) {
    if (sharedKeys.find('ike', local, remote).length > 0) return [];
    const subject = `'${printIdentity(local)}' - '${printIdentity(remote)}'`;
    return [{ kind: 'no-secret', reason: `no shared key is loaded for ${subject}`, subject }];
  }
  // Which one it is depends on who connects.
  if (sharedKeys.has('ike')) return [];
  return [{ kind: 'no-secret', reason: 'no shared key is loaded at all' }];
}

function theirProofs(env: IkeEnvironment, { remote }: ConnectionConfig): readonly Missing[] {
  for (const round of remote) {
    if (round.class !== 'pubkey') continue;
    const named = round.certs.length + round.cacerts.length + round.pubkeys.length > 0;
    if (named || env.publicKeys.authorities().length > 0) continue;
    const { id } = round;
    const loaded = env.publicKeys.certificates.snapshot();
    const known =
      id !== undefined && loaded.byIdentity(id).length + loaded.publicKeys(id).length > 0;
    if (known) continue;
    const reason = 'no CA certificate is loaded, so no certificate of the peer can be believed';
    return [{ kind: 'no-issuer', reason }];
  }
  return [];
}

/** Who somebody is by its configuration; `undefined` as long as that is open. */
function identityOf(
  { id }: AuthRoundConfig,
  addresses: readonly AddressSpec[],
): Identity | undefined {
  if (id !== undefined) return isConcrete(id) ? id : undefined;
  const [only] = addresses;
  return addresses.length === 1 && only?.kind === 'host'
    ? addressIdentity(only.address)
    : undefined;
}
