import type { ConfSection } from '../../config/conf-tree.ts';
import type { Side } from './conn-auth.ts';
import type { ConnValues } from './conn-values.ts';
import { AUTO, deadPeerAction, isShunt, modeOf, strictness } from './conn-words.ts';
import { Draft } from './draft.ts';

/** The `children` section of one conn. */
export function childSection(values: ConnValues, local: Side): ConfSection {
  const remote: Side = local === 'left' ? 'right' : 'left';
  const draft = new Draft(values.section.position);
  selectors(draft, values, local, 'local_ts');
  selectors(draft, values, remote, 'remote_ts');
  draft.set('mode', modeOf(values), values.place('type'));
  if (values.get('ah') !== undefined && values.get('esp') !== undefined) {
    values.fail('ah', 'ah and esp at the same time: choose one');
  }
  for (const [keyword, option] of [
    ['esp', 'esp_proposals'],
    ['ah', 'ah_proposals'],
  ] as const) {
    const text = values.text(keyword);
    if (text !== undefined) draft.set(option, strictness(text), values.place(keyword));
  }
  limits(draft, values);
  actions(draft, values);
  options(draft, values, local);
  return draft.section;
}

function selectors(draft: Draft, values: ConnValues, side: Side, option: string): void {
  const keyword = `${side}subnet`;
  const protoport = values.text(`${side}protoport`);
  const suffix = protoport === undefined ? '' : `[${bare(protoport)}]`;
  const listed = values.items(keyword).map((item) => {
    const whole = bare(item);
    return whole.includes('[') ? whole : `${whole}${suffix}`;
  });
  if (listed.length === 0 && suffix === '') return;
  draft.set(
    option,
    listed.length === 0 ? `dynamic${suffix}` : listed.join(', '),
    values.place(keyword),
  );
}

/** Words without the per cent sign that they have in ipsec.conf. */
function bare(text: string): string {
  return text.replaceAll(/%(dynamic|any|opaque)/g, '$1');
}

function limits(draft: Draft, values: ConnValues): void {
  const place = values.place('lifetime');
  if (!values.flag('rekey', true)) {
    for (const name of ['rekey_time', 'life_time', 'rand_time']) draft.set(name, '0', place);
    return;
  }
  const fuzz = values.percent('rekeyfuzz', 1);
  const set = (unit: string, life: number, margin: number): void => {
    if (life === 0) return;
    draft.set(`life_${unit}`, String(life), place);
    draft.set(`rekey_${unit}`, String(Math.max(life - margin, 0)), place);
    draft.set(`rand_${unit}`, String(Math.floor(margin * fuzz)), place);
  };
  set('time', values.seconds('lifetime', 3600), values.seconds('margintime', 540));
  set('bytes', values.number('lifebytes', 0), values.number('marginbytes', 0));
  set('packets', values.number('lifepackets', 0), values.number('marginpackets', 0));
}

const ACTIONS = { none: 'none', clear: 'none', hold: 'trap', restart: 'start' } as const;

function actions(draft: Draft, values: ConnValues): void {
  const start = { ignore: 'none', add: 'none', route: 'trap', start: 'start' } as const;
  const action = start[values.choice('auto', 'ignore', AUTO)];
  // there is no peer to start anything with: what starts is the policy
  const shunted = action === 'start' && isShunt(values) ? 'trap' : action;
  draft.set('start_action', shunted, values.place('auto'));
  const dead = deadPeerAction(values);
  if (dead !== 'none') {
    draft.set('dpd_action', dead === 'clear' ? 'clear' : ACTIONS[dead], values.place('dpdaction'));
  }
  const close = values.choice('closeaction', 'none', ['none', 'clear', 'hold', 'restart']);
  draft.set('close_action', ACTIONS[close], values.place('closeaction'));
}

function options(draft: Draft, values: ConnValues, local: Side): void {
  if (values.get('inactivity') !== undefined)
    draft.set('inactivity', `${values.seconds('inactivity', 0)}s`, values.place('inactivity'));
  for (const [keyword, option] of [
    ['compress', 'ipcomp'],
    ['installpolicy', 'policies'],
    ['sha256_96', 'sha256_96'],
    [`${local}hostaccess`, 'hostaccess'],
  ] as const) {
    if (values.get(keyword) !== undefined)
      draft.set(option, values.flag(keyword, false) ? 'yes' : 'no', values.place(keyword));
  }
  draft.copy('reqid', values.get('reqid'));
  for (const side of ['in', 'out']) {
    draft.copy(`mark_${side}`, values.get(`mark_${side}`) ?? values.get('mark'));
  }
  const window = values.number('replay_window', -1);
  if (window >= 0) draft.set('replay_window', String(window), values.place('replay_window'));
  const tfc = values.text('tfc');
  if (tfc !== undefined)
    draft.set('tfc_padding', tfc === '%mtu' ? 'mtu' : tfc, values.place('tfc'));
  const updown = values.get(`${local}updown`);
  if (updown !== undefined) draft.copy('updown', updown);
  else if (values.flag(`${local}firewall`, false)) {
    draft.set('updown', 'ipsec _updown iptables', values.place(`${local}firewall`));
  }
}
