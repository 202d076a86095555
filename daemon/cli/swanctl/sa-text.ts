import { findSection, type Tree } from '../../config/tree.ts';
import { Fields } from './fields.ts';

/**
 * An IKE_SA with its CHILD_SAs, as `--list-sas` lays it out. The event holds one section, named by the connection; one without
 * `child-sas` prints nothing.
 */
export function saText(event: Tree): string {
  let text = '';
  for (const entry of event) {
    if (entry.kind !== 'section') continue;
    const children = findSection(entry.entries, 'child-sas');
    if (children === undefined) continue;
    text += ikeText(entry.name, new Fields(entry.entries));
    for (const child of children)
      if (child.kind === 'section') text += childText(new Fields(child.entries));
  }
  return text;
}

function ikeText(name: string, ike: Fields): string {
  const mine = ike.is('initiator');
  const lines = [
    `${name}: #${ike.text('uniqueid')}, ${ike.text('state')}, IKEv${ike.text('version')}, ` +
      `${ike.text('initiator-spi')}_i${mine ? '*' : ''} ${ike.text('responder-spi')}_r${mine ? '' : '*'}`,
    `  local  '${ike.text('local-id')}' @ ${ike.text('local-host')}[${ike.text('local-port')}]${vips(ike.items('local-vips'))}`,
    `  remote '${ike.text('remote-id')}' @ ${ike.text('remote-host')}[${ike.text('remote-port')}]` +
      `${quoted(' EAP: ', ike.maybe('remote-eap-id'))}${quoted(' XAuth: ', ike.maybe('remote-xauth-id'))}` +
      vips(ike.items('remote-vips')),
  ];
  if (ike.has('encr-alg')) lines.push(`  ${ikeProposal(ike)}`);
  if (ike.has('established')) {
    lines.push(
      `  established ${ike.text('established')}s ago${inSeconds('rekeying', ike.maybe('rekey-time'))}` +
        `${inSeconds('reauth', ike.maybe('reauth-time'))}${inSeconds('expires', ike.maybe('life-time'))}`,
    );
  }
  for (const [label, key] of TASKS) {
    const tasks = ike.items(key);
    if (ike.has(key)) lines.push(`  ${label}${tasks.map((task) => `${task} `).join('')}`.trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

const TASKS = [
  ['queued:  ', 'tasks-queued'],
  ['active:  ', 'tasks-active'],
  ['passive: ', 'tasks-passive'],
] as const;

function ikeProposal(ike: Fields): string {
  const integrity = ike.has('integ-alg') ? `/${sized(ike, 'integ')}` : '';
  return (
    `${sized(ike, 'encr')}${integrity}/${ike.text('prf-alg')}/${ike.text('dh-group')}` +
    `${additional(ike)}${ike.is('ppk') ? '/PPK' : ''}`
  );
}

function childText(child: Fields): string {
  const cpu = child.is('per-cpu-sas') ? `, cpu ${child.maybe('cpu') ?? '-'}` : '';
  const encapsulated = child.is('encap') ? '-in-UDP' : '';
  let head =
    `  ${child.text('name')}: #${child.text('uniqueid')}, reqid ${child.text('reqid')}${cpu}, ` +
    `${child.text('state')}, ${child.text('mode')}${encapsulated}, ${child.text('protocol')}:`;
  head += childProposal(child);
  const lines = [head];
  lines.push(
    `    installed ${child.text('install-time')}s ago${inSeconds('rekeying', child.maybe('rekey-time'))}` +
      inSeconds('expires', child.maybe('life-time')),
  );
  for (const side of ['in', 'out'] as const) lines.push(`    ${trafficText(child, side)}`);
  if (child.has('label')) lines.push(`    label  ${child.label('label')}`);
  for (const [label, key] of [
    ['local ', 'local-ts'],
    ['remote', 'remote-ts'],
  ] as const) {
    lines.push(`    ${label} ${child.joined(key)}`);
  }
  return `${lines.join('\n')}\n`;
}

function childProposal(child: Fields): string {
  let text = child.has('encr-alg') ? sized(child, 'encr') : '';
  if (child.has('integ-alg')) text += `${text === '' ? '' : '/'}${sized(child, 'integ')}`;
  if (child.has('prf-alg')) text += `/${child.text('prf-alg')}`;
  if (child.has('dh-group')) text += `/${child.text('dh-group')}`;
  return `${text}${additional(child)}${child.text('esn') === '1' ? '/ESN' : ''}`;
}

function trafficText(child: Fields, side: 'in' | 'out'): string {
  const cpi = child.has(`cpi-${side}`) ? `/${child.text(`cpi-${side}`)}` : '';
  const used = child.has(`use-${side}`) ? `, ${child.text(`use-${side}`).padStart(5)}s ago` : '';
  return (
    `${side.padEnd(3)} ${child.text(`spi-${side}`)}${cpi}${markText(child, side)}, ` +
    `${child.text(`bytes-${side}`).padStart(6)} bytes, ${child.text(`packets-${side}`).padStart(5)} packets${used}`
  );
}

function markText(child: Fields, side: 'in' | 'out'): string {
  const [mark, mask, interfaceId] = [`mark-${side}`, `mark-mask-${side}`, `if-id-${side}`];
  if (!child.has(mark) && !child.has(interfaceId)) return '';
  const marked = child.has(mark)
    ? `0x${child.text(mark)}${child.has(mask) ? `/0x${child.text(mask)}` : ''}`
    : '-';
  const withId = child.has(interfaceId) ? `|0x${child.text(interfaceId)}` : '';
  return ` (${marked}${withId})`;
}

function sized(fields: Fields, kind: 'encr' | 'integ'): string {
  const size = fields.maybe(`${kind}-keysize`);
  return `${fields.text(`${kind}-alg`)}${size === undefined ? '' : `-${size}`}`;
}

function additional(fields: Fields): string {
  let text = '';
  for (let n = 1; n <= 7; n++)
    if (fields.has(`ake${n}`)) text += `/KE${n}_${fields.text(`ake${n}`)}`;
  return text;
}

function inSeconds(what: string, seconds: string | undefined): string {
  return seconds === undefined ? '' : `, ${what} in ${seconds}s`;
}

function vips(items: readonly string[]): string {
  return items.length === 0 ? '' : ` [${items.join(' ')}]`;
}

function quoted(label: string, text: string | undefined): string {
  return text === undefined ? '' : `${label}'${text}'`;
}
