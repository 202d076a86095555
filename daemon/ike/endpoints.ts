import { type Endpoint, printEndpoint, sameEndpoint } from '../proto/endpoint.ts';
import type { IkeSa } from './ike-sa.ts';
import { viewIkeSa } from './ike-sa-view.ts';

/**
 * The IKE_SA continues between these endpoints; whoever listens learns of it before it happens. Its CHILD_SAs stay where
 * they are until {@link moveChildren}. Tells whether anything changed.
 */
export function setEndpoints(sa: IkeSa, local: Endpoint, remote: Endpoint): boolean {
  const before = { local: sa.local, remote: sa.remote };
  const stays = { local: sameEndpoint(local, sa.local), remote: sameEndpoint(remote, sa.remote) };
  if (stays.local && stays.remote) return false;
  if (sa.state.kind === 'established') {
    sa.env.emit(() => ({
      kind: 'ike-update',
      ike: viewIkeSa(sa),
      localHost: local.address,
      localPort: local.port,
      remoteHost: remote.address,
      remotePort: remote.port,
    }));
    if (!stays.local) logChange(sa, 'local', before.local, local);
    if (!stays.remote) logChange(sa, 'remote', before.remote, remote);
  }
  sa.local = local;
  sa.remote = remote;
  sa.env.registry.moved(sa, before.remote.address);
  return true;
}

function logChange(sa: IkeSa, side: string, from: Endpoint, to: Endpoint): void {
  sa.log.log(
    'ike',
    1,
    `${side} endpoint changed from ${printEndpoint(from)} to ${printEndpoint(to)}`,
  );
}
