import type { ConnectionConfig } from '../config/connection-types.ts';
import { sameEndpoint } from '../proto/endpoint.ts';
import { alert } from './announce.ts';
import { crossed } from './crossing.ts';
import type { IkeSa } from './ike-sa.ts';

/**
 * Closes the other IKE_SAs between the same two authenticated identities. After INITIAL_CONTACT the peer has
 * forgotten them (RFC 7296 section 2.4), so nothing is sent; when replaced they get a DELETE.
 */
export function closeDuplicates(sa: IkeSa, cause: 'initial-contact' | 'replace'): void {
  for (const other of sa.env.registry.duplicatesOf(sa)) {
    // The peer knows it and has not forgotten it: it said so before our request reached it.
    if (crossed(sa, other)) continue;
    if (cause === 'initial-contact') {
      other.log.log(
        'ike',
        1,
        `destroying duplicate IKE_SA for peer '${other.printedId('remote')}', received INITIAL_CONTACT`,
      );
      other.post(() => other.destroy('peer started anew (INITIAL_CONTACT)'));
      continue;
    }
    other.log.log(
      'ike',
      1,
      `deleting duplicate IKE_SA for peer '${other.printedId('remote')}' due to uniqueness policy`,
    );
    alert(sa.env, 'unique-replace', other);
    other.delete('replaced by a newer IKE_SA of the same peer (unique = replace)');
  }
}

/** `unique = keep`: a peer that is connected from elsewhere may not connect a second time. */
export function refusedAsDuplicate(sa: IkeSa, connection: ConnectionConfig): boolean {
  if (connection.unique !== 'keep') return false;
  const others = sa.env.registry.duplicatesOf(sa);
  const elsewhere = others.find(
    (other) => !sameEndpoint(other.remote, sa.remote) && !crossed(sa, other),
  );
  if (elsewhere === undefined) return false;
  alert(sa.env, 'unique-keep', elsewhere);
  return true;
}
