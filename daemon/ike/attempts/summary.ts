import type { ConnectionConfig } from '../../config/connection-types.ts';
import { notifyName } from '../../proto/iana/notify-types.ts';
import type { ExplainedState, Explanation } from './explanation.ts';
import { FAILURES } from './failure.ts';

type Facts = Omit<Explanation, 'state' | 'summary' | 'hint'>;

/** The state of a connection, a sentence about it, and what to do if nothing else says that. */
export function summaryOf(
  connection: ConnectionConfig,
  facts: Facts,
): Pick<Explanation, 'state' | 'summary' | 'hint'> {
  const state = stateOf(facts);
  const about = `'${connection.name}'`;
  switch (state) {
    case 'up':
      return { state, summary: `${about} is up` };
    case 'partly': {
      const names = facts.children.filter(isDown).map(({ name }) => `'${name}'`);
      const summary = `the IKE_SA of ${about} is established, ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not${because(facts)}`;
      return { state, summary, ...ask(facts) };
    }
    case 'connecting':
      return { state, summary: `${about} is being established${before(facts)}` };
    case 'waiting': {
      const seconds = Math.min(...facts.sas.flatMap(({ retryIn }) => retryIn ?? []));
      return {
        state,
        summary: `${about} is down and will be tried again in ${seconds}s${because(facts)}`,
        hint: 'swanctl --initiate tries at once',
      };
    }
    case 'trapped':
      return { state, summary: `${about} waits for traffic that it protects${before(facts)}` };
    default:
      return {
        state,
        summary: `${about} is down${because(facts) || untried(connection)}`,
        ...ask(facts),
      };
  }
}

function stateOf({ sas, children }: Facts): ExplainedState {
  const established = sas.some(({ state }) =>
    ['ESTABLISHED', 'REKEYING', 'REKEYED'].includes(state),
  );
  if (established) return children.some(isDown) ? 'partly' : 'up';
  if (sas.some(({ retryIn }) => retryIn !== undefined)) return 'waiting';
  if (sas.some(({ state }) => state === 'CONNECTING' || state === 'CREATED')) return 'connecting';
  if (children.length > 0 && children.every(({ state }) => state === 'pass' || state === 'drop'))
    return 'up';
  return children.some(({ state }) => state === 'trap') ? 'trapped' : 'down';
}

function isDown({ state }: Explanation['children'][number]): boolean {
  return state === 'down';
}

/** The most telling thing that is known. */
function because(facts: Facts): string {
  const [missing] = facts.missing;
  return failed(facts, ': ') ?? (missing === undefined ? '' : `: ${missing.reason}`);
}

/** What went wrong before what is under way. */
function before(facts: Facts): string {
  return failed(facts, '; the last failure: ') ?? '';
}

function failed(
  { now, attempts: [attempt], suspects: [suspect] }: Facts,
  begin: string,
): string | undefined {
  const later = (suspect?.last ?? 0) > (attempt?.last ?? 0) ? suspect : attempt;
  return later && `${begin}${inWords(later)} (${ago(now - later.last)})`;
}

function inWords({
  kind,
  notify,
}: Pick<Explanation['suspects'][number], 'kind' | 'notify'>): string {
  return kind === 'refused' && notify !== undefined
    ? `the peer answered ${notifyName(notify)}`
    : FAILURES[kind];
}

function untried({ remoteAddrs }: ConnectionConfig): string {
  return remoteAddrs.some(({ kind }) => kind === 'host' || kind === 'name')
    ? ': nobody has asked for it, neither here nor the peer'
    : ': no peer has asked for it, and remote_addrs names none to connect to';
}

/** What to do about a connection that nothing was ever tried for. */
function ask({ attempts, missing, suspects, children }: Facts): { readonly hint?: string } {
  if (attempts.length + missing.length + suspects.length > 0) return {};
  const down = children.find(isDown);
  return {
    hint:
      down === undefined
        ? 'run swanctl --initiate --ike, or give it a child'
        : `run swanctl --initiate --child ${down.name}, or set start_action = start or trap; if the peer is to begin, check that it reaches UDP port 500 here`,
  };
}

/** `12s ago`, `3m ago`, `2h ago`, `4d ago`. */
export function ago(millis: number): string {
  const seconds = Math.max(0, Math.round(millis / 1000));
  if (seconds < 120) return `${seconds}s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m ago`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3600)}h ago`
    : `${Math.round(seconds / 86_400)}d ago`;
}
