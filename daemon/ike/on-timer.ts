import { alert } from './announce.ts';
import { noteFailure } from './attempts/note.ts';
import type { IkeSa } from './ike-sa.ts';
import { closeInactive } from './inactivity.ts';
import { checkLiveness, sendKeepalive } from './liveness.ts';
import { reauthenticate } from './reauth.ts';
import { rekeyIke } from './tasks/ike-rekey.ts';
import type { TimerName } from './timers.ts';

const HALF_OPEN = 'the peer did not complete the initial exchanges in time';

/** What happens when a timer of an IKE_SA fires. */
export async function onTimer(sa: IkeSa, name: TimerName): Promise<void> {
  if (sa.destroyed) return;
  switch (name) {
    case 'retransmit':
      await sa.engine.retransmit();
      return;
    case 'retry':
      await sa.tasks.release();
      return;
    case 'halfOpen':
      sa.log.log('ike', 1, 'deleting half open IKE_SA after timeout');
      alert(sa.env, 'half-open-timeout', sa);
      noteFailure(sa, HALF_OPEN, { kind: 'unfinished' });
      await sa.destroy(HALF_OPEN);
      return;
    case 'dpd':
      await checkLiveness(sa, sa.timers.overdueBy('dpd'));
      return;
    case 'dpdPutOff':
      await checkLiveness(sa, 0);
      return;
    case 'inactivity':
      await closeInactive(sa);
      return;
    case 'natKeepalive':
      await sendKeepalive(sa);
      return;
    case 'followUp':
      sa.log.log('ike', 1, 'peer did not go on with IKE_FOLLOWUP_KE, giving up what it began');
      await sa.dropFollowUp();
      return;
    case 'redirected':
      await sa.destroy('the peer was redirected');
      return;
    case 'rekey':
      await rekeyIke(sa);
      return;
    case 'reauth':
      await reauthenticate(sa);
      return;
    case 'replaced':
      sa.log.log('ike', 1, `peer did not delete IKE_SA ${sa.label}, which is not used any more`);
      await sa.deleteNow('it was replaced');
      return;
    case 'hardLifetime':
      sa.log.log('ike', 1, `IKE_SA ${sa.label} reached its hard lifetime, deleting it`);
      alert(sa.env, 'ike-sa-expired', sa);
      await sa.deleteNow('the IKE_SA reached its hard lifetime');
      return;
  }
}
