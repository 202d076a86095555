import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Message, NotifyPayload } from '../proto/payload.ts';
import { EstablishError } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';
import { find, notify } from './payloads.ts';

/**
 * Whether IKE_AUTH goes without a CHILD_SA (RFC 6023); a child that is wanted then follows in an exchange of its own.
 * Throws {@link EstablishError} if the peer cannot do what is asked for.
 */
export function goesChildless(
  sa: IkeSa,
  connection: ConnectionConfig,
  child: ChildConfig | undefined,
): boolean {
  const { childless, name } = connection;
  const possible = sa.peerIsChildless && childless !== 'never';
  if (childless === 'force' && !possible) {
    throw new EstablishError(
      `peer does not support IKE_SAs without a CHILD_SA (RFC 6023), which '${name}' demands (childless = force)`,
    );
  }
  if (child === undefined && !possible) {
    throw new EstablishError(
      childless === 'never'
        ? `'${name}' allows no IKE_SA without a CHILD_SA (childless = never); initiate a child of it`
        : `peer does not support IKE_SAs without a CHILD_SA (RFC 6023); initiate a child of '${name}'`,
    );
  }
  return child === undefined || childless === 'force' || (childless === 'prefer' && possible);
}

/** Tells a peer in IKE_SA_INIT that IKE_AUTH may go without a CHILD_SA. */
export function childlessSupport(connection: ConnectionConfig): readonly NotifyPayload[] {
  return connection.childless === 'never' ? [] : [notify(NotifyType.CHILDLESS_IKEV2_SUPPORTED)];
}

/** What is wrong with an IKE_AUTH request that has, or lacks, a CHILD_SA: INVALID_SYNTAX, RFC 6023 section 4. */
export function childlessViolation(
  connection: ConnectionConfig,
  request: Message,
): string | undefined {
  const asks = find(request, 'SA') !== undefined;
  if (asks && connection.childless === 'force') {
    return `peer asks for a CHILD_SA in IKE_AUTH, but '${connection.name}' allows none there (childless = force)`;
  }
  if (!asks && connection.childless === 'never') {
    return `peer asks for no CHILD_SA in IKE_AUTH, but '${connection.name}' demands one (childless = never)`;
  }
  return undefined;
}
