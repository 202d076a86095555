import { Fields } from '../swanctl/fields.ts';
import type { ListedIke } from './sas.ts';
import { ago, inTime } from './spans.ts';

/** A trap or shunt as the daemon lists it. */
export interface ListedPolicy {
  readonly name: string;
  readonly number: number;
  readonly fields: Fields;
}

const SHUNTS = ['PASS', 'DROP'];

/** The traps and shunts, as `ipsec status` lays them out before the SAs. */
export function policiesText(policies: readonly ListedPolicy[]): string {
  const shunts = policies.filter(({ fields }) => SHUNTS.includes(fields.text('mode')));
  const traps = policies.filter(({ fields }) => !SHUNTS.includes(fields.text('mode')));
  let text = '';
  if (shunts.length > 0) {
    text += 'Shunted Connections:\n';
    for (const { name, fields } of shunts)
      text += `${name.padStart(12)}:  ${selectors(fields)} ${fields.text('mode')}\n`;
  }
  if (traps.length > 0) {
    text += 'Routed Connections:\n';
    for (const { name, number, fields } of traps) {
      const label = `${name.padStart(12)}{${number}}:`;
      text += `${label}  ROUTED, ${fields.text('mode')}, reqid ${fields.text('reqid')}\n`;
      text += `${label}   ${selectors(fields)}\n`;
    }
  }
  return text;
}

/**
 * The SAs, as `ipsec status` and, with `all`, `ipsec statusall` lay them out; `filter` is a name they must have, `classes`
 * says how this host authenticates in each connection.
 */
export function sasText(
  ikes: readonly ListedIke[],
  all: boolean,
  filter: string | undefined,
  classes: ReadonlyMap<string, string> = new Map(),
): string {
  const up = ikes.filter(({ fields }) => fields.text('state') !== 'CONNECTING').length;
  let text = `Security Associations (${up} up, ${ikes.length - up} connecting):\n`;
  let found = false;
  for (const ike of ikes) {
    const children = ike.children.filter(
      (child) => filter === undefined || child.text('name') === filter,
    );
    if (filter !== undefined && ike.name !== filter && children.length === 0) continue;
    found = true;
    text += ikeText(ike, all, classes.get(ike.name));
    for (const child of children) text += childText(child, all);
  }
  if (found) return text;
  return `${text}  ${filter === undefined ? 'none' : 'no match'}\n`;
}

function ikeText({ name, fields }: ListedIke, all: boolean, authClass: string | undefined): string {
  const label = `${name.padStart(12)}[${fields.text('uniqueid')}]:`;
  const since = fields.has('established') ? ` ${ago(fields.number('established'))}` : '';
  const lines = [
    `${label} ${fields.text('state')}${since}, ${end(fields, 'local')}...${end(fields, 'remote')}`,
  ];
  if (all) {
    if (fields.has('remote-eap-id'))
      lines.push(`${label} Remote EAP identity: ${fields.text('remote-eap-id')}`);
    const mine = fields.is('initiator');
    lines.push(
      `${label} IKEv${fields.text('version')} SPIs: ${fields.text('initiator-spi')}_i${mine ? '*' : ''} ` +
        `${fields.text('responder-spi')}_r${mine ? '' : '*'}${ikeTimes(fields, authClass)}`,
    );
    if (fields.has('encr-alg')) lines.push(`${label} IKE proposal: ${ikeProposal(fields)}`);
    for (const kind of ['queued', 'active', 'passive']) {
      const tasks = fields.items(`tasks-${kind}`);
      if (tasks.length > 0) lines.push(`${label} Tasks ${kind}: ${tasks.join(' ')} `);
    }
  }
  return `${lines.join('\n')}\n`;
}

function ikeTimes(fields: Fields, authClass: string | undefined): string {
  const again = authClass === undefined ? 'reauthentication' : `${authClass} reauthentication`;
  if (!fields.has('established')) return '';
  const times = [
    ...(fields.has('rekey-time') ? [`rekeying in ${inTime(fields.number('rekey-time'))}`] : []),
    ...(fields.has('reauth-time') ? [`${again} in ${inTime(fields.number('reauth-time'))}`] : []),
  ];
  return times.length === 0 ? ', rekeying disabled' : `, ${times.join(', ')}`;
}

function ikeProposal(fields: Fields): string {
  const parts = [sized(fields, 'encr')];
  if (fields.has('integ-alg')) parts.push(sized(fields, 'integ'));
  for (const key of ['prf-alg', 'dh-group']) if (fields.has(key)) parts.push(fields.text(key));
  for (let n = 1; n <= 7; n++)
    if (fields.has(`ake${n}`)) parts.push(`KE${n}_${fields.text(`ake${n}`)}`);
  return parts.join('/');
}

function childText(child: Fields, all: boolean): string {
  const label = `${child.text('name').padStart(12)}{${child.text('uniqueid')}}:`;
  const installed = child.has('spi-in');
  const lines = [
    `${label}  ${child.text('state')}, ${child.text('mode')}, reqid ${child.text('reqid')}${installed ? spis(child) : ''}`,
  ];
  if (all && installed) lines.push(`${label}  ${childDetails(child)}`);
  if (child.items('local-ts').length > 0) lines.push(`${label}   ${selectors(child)}`);
  return `${lines.join('\n')}\n`;
}

function spis(child: Fields): string {
  const encapsulated = child.is('encap') ? ' in UDP' : '';
  const compressed = child.has('cpi-in')
    ? `, IPCOMP CPIs: ${child.text('cpi-in')}_i ${child.text('cpi-out')}_o`
    : '';
  return `, ${child.text('protocol')}${encapsulated} SPIs: ${child.text('spi-in')}_i ${child.text('spi-out')}_o${compressed}`;
}

function childDetails(child: Fields): string {
  const algorithms = [
    ...(child.has('encr-alg') ? [sized(child, 'encr')] : []),
    ...(child.has('integ-alg') ? [sized(child, 'integ')] : []),
    ...(child.has('dh-group') ? [child.text('dh-group')] : []),
    ...(child.text('esn') === '1' ? ['ESN'] : []),
  ].join('/');
  const rekeying = child.has('rekey-time')
    ? `rekeying in ${inTime(child.number('rekey-time'))}`
    : child.text('state') === 'REKEYING'
      ? 'rekeying active'
      : 'rekeying disabled';
  return `${algorithms}, ${traffic(child, 'in')}, ${traffic(child, 'out')}, ${rekeying}`;
}

function traffic(child: Fields, side: 'in' | 'out'): string {
  const packets = child.number(`packets-${side}`);
  const used = child.has(`use-${side}`) ? `, ${child.text(`use-${side}`)}s ago` : '';
  const detail = packets > 0 ? ` (${packets} pkt${packets === 1 ? '' : 's'}${used})` : '';
  return `${child.text(`bytes-${side}`)} bytes_${side === 'in' ? 'i' : 'o'}${detail}`;
}

function selectors(fields: Fields): string {
  return `${fields.items('local-ts').join(' ')} === ${fields.items('remote-ts').join(' ')}`;
}

function end(fields: Fields, side: 'local' | 'remote'): string {
  return `${fields.text(`${side}-host`)}[${fields.text(`${side}-id`)}]`;
}

function sized(fields: Fields, kind: 'encr' | 'integ'): string {
  const size = fields.maybe(`${kind}-keysize`);
  return `${fields.text(`${kind}-alg`)}${size === undefined ? '' : `_${size}`}`;
}

/** One connection, as `ipsec statusall` lays it out. */
export function connectionText(
  name: string,
  conn: Fields,
  children: readonly Fields[],
  names: readonly string[],
): string {
  const label = `${name.padStart(12)}:`;
  const dpd = conn.number('dpd_delay') > 0 ? `, dpddelay=${conn.text('dpd_delay')}s` : '';
  const lines = [
    `${label}  ${conn.items('local_addrs').join(',')}...${conn.items('remote_addrs').join(',')}  ${conn.text('version')}${dpd}`,
  ];
  for (const entry of conn.tree) {
    const side = /^(local|remote)-/.exec(entry.name)?.[1];
    if (entry.kind !== 'section' || side === undefined) continue;
    const auth = new Fields(entry.entries);
    const identity = auth.has('id') ? `[${auth.text('id')}] uses ` : 'uses ';
    lines.push(
      `${label}   ${`${side}:`.padEnd(7)} ${identity}${auth.maybe('class') ?? 'any'} authentication`,
    );
    for (const dn of auth.items('certs')) lines.push(`${label}    cert:  "${dn}"`);
    const cas = [...auth.items('cacerts'), ...(auth.has('ca_id') ? [auth.text('ca_id')] : [])];
    for (const dn of cas) lines.push(`${label}    ca:    "${dn}"`);
    if (auth.has('revocation')) {
      const skipped = auth.text('revocation') === 'SKIPPED' ? ' or SKIPPED' : '';
      lines.push(`${label}    crl:  status must be GOOD${skipped}`);
    }
  }
  children.forEach((child, i) => {
    const dead = dpd === '' ? '' : `, dpdaction=${child.maybe('dpd_action') ?? 'none'}`;
    lines.push(
      `${(names[i] ?? '').padStart(12)}:   child:  ${selectors(child)} ${child.text('mode')}${dead}`,
    );
  });
  return `${lines.join('\n')}\n`;
}
