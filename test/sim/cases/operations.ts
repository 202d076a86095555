import { ikeDpd } from '../../../daemon/ike/tasks/ike-dpd.ts';
import { places } from '../pair.ts';
import type { Side } from './side.ts';

/** Something that one side starts by itself. */
export type Operation =
  | 'create'
  | 'rekey-child'
  | 'rekey-ike'
  | 'delete-child'
  | 'delete-ike'
  | 'expire'
  | 'move'
  | 'reauth'
  | 'dpd';

export const operations: readonly Operation[] = [
  'create',
  'rekey-child',
  'rekey-ike',
  'delete-child',
  'delete-ike',
  'expire',
  'dpd',
];

/** Operations after which the CHILD_SA `net` need not be there any more. */
export const ending: readonly Operation[] = ['delete-child', 'delete-ike', 'expire'];

/** Where an end moves. */
const elsewhere = { A: '198.51.100.7', B: '198.51.100.9' } as const;

/** The child that `create` sets up besides `net`. */
export const SECOND = 'second';

/** Starts an operation on the newest SAs in use; what does not exist any more is left alone. */
export function startOperation(side: Side, operation: Operation): void {
  const sa = side.sas.findLast(({ state }) => state.kind === 'established');
  if (sa === undefined) return;
  const child = [...sa.children.values()].findLast(
    ({ config, state }) => config.name === 'net' && state === 'INSTALLED',
  );
  switch (operation) {
    case 'create':
      void side.host.initiate(SECOND);
      return;
    case 'rekey-child':
      if (child !== undefined) void sa.rekeyChild(child);
      return;
    case 'rekey-ike':
      void sa.rekeyIke();
      return;
    case 'reauth':
      sa.reauthenticate();
      return;
    case 'delete-child':
      if (child !== undefined) void side.host.terminate({ child: 'net' });
      return;
    case 'delete-ike':
      // Not one that is being set up: what the peer made of it by then cannot be known.
      side.closeSa(sa);
      return;
    case 'expire':
      // The kernel drops both SAs of it at the hard lifetime, without asking.
      if (child !== undefined) {
        side.kernel.expire(child.terms.spiOut, true);
        side.kernel.expire(child.terms.spiIn, true);
      }
      return;
    case 'move':
      side.host.readdress(elsewhere[side.name], places[side.host.name as 'moon'].inside);
      return;
    case 'dpd':
      sa.post(() => {
        sa.tasks.queue(ikeDpd());
        return sa.tasks.advance();
      });
      return;
  }
}
