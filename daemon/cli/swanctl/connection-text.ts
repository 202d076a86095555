import { findSection, type Tree } from '../../config/tree.ts';
import { Fields } from './fields.ts';

/** A connection as `--list-conns` lays it out. */
export function connectionText(name: string, connection: Fields): string {
  const dpd = connection.number('dpd_delay');
  const lines = [
    `${name}: ${connection.text('version')}, ${reauthentication(connection)}${rekeying(connection)}` +
      `${dpd > 0 ? `, dpd delay ${connection.text('dpd_delay')}s` : ''}`,
  ];
  if (connection.has('ppk_id') || connection.has('ppk_required')) {
    const id = connection.has('ppk_id') ? `${connection.text('ppk_id')}, ` : '';
    lines.push(`  ppk: ${id}${connection.is('ppk_required') ? '' : 'not '}required`);
  }
  for (const address of connection.items('local_addrs'))
    lines.push(`  local:  ${address}${port(connection, 'local_port')}`);
  for (const address of connection.items('remote_addrs'))
    lines.push(`  remote: ${address}${port(connection, 'remote_port')}`);
  for (const entry of connection.tree) {
    if (entry.kind !== 'section') continue;
    const side = /^(local|remote)-/.exec(entry.name)?.[1];
    if (side !== undefined) lines.push(...authLines(side, new Fields(entry.entries)));
  }
  for (const child of findSection(connection.tree, 'children') ?? []) {
    if (child.kind === 'section') lines.push(...childLines(child.name, child.entries, dpd > 0));
  }
  return `${lines.join('\n')}\n`;
}

function port(connection: Fields, key: string): string {
  return `[${connection.number(key)}]`;
}

function reauthentication(connection: Fields): string {
  const seconds =
    connection.number('reauth_time') === 0 && connection.text('version') === 'IKEv1'
      ? connection.number('rekey_time')
      : connection.number('reauth_time');
  return seconds > 0 ? `reauthentication every ${seconds}s` : 'no reauthentication';
}

function rekeying(connection: Fields): string {
  if (connection.text('version') === 'IKEv1') return '';
  const seconds = connection.number('rekey_time');
  return seconds > 0 ? `, rekeying every ${seconds}s` : ', no rekeying';
}

function authLines(side: string, auth: Fields): string[] {
  const isEap = auth.text('class') === 'EAP';
  const method = isEap ? (auth.maybe('eap-type') ?? 'EAP') : (auth.maybe('class') ?? 'unspecified');
  const lines = [`  ${side} ${method} authentication:`];
  for (const [label, key] of IDENTITIES)
    if (auth.has(key)) lines.push(`    ${label}: ${auth.text(key)}`);
  for (const [label, key] of LISTS)
    if (auth.items(key).length > 0) lines.push(`    ${label}: ${auth.joined(key)}`);
  return lines;
}

const IDENTITIES = [
  ['id', 'id'],
  ['ca_id', 'ca_id'],
  ['eap_id', 'eap_id'],
  ['xauth_id', 'xauth_id'],
  ['aaa_id', 'aaa_id'],
] as const;

const LISTS = [
  ['groups', 'groups'],
  ['cert policy', 'cert_policy'],
  ['certs', 'certs'],
  ['cacerts', 'cacerts'],
] as const;

function childLines(name: string, tree: Tree, watched: boolean): string[] {
  const child = new Fields(tree);
  const action = watched ? `, dpd action is ${child.text('dpd_action')}` : '';
  const lines = [`  ${name}: ${child.text('mode')}, ${childRekeying(child)}${action}`];
  if (child.has('label')) lines.push(`    label:  ${child.label('label')}`);
  lines.push(`    local:  ${child.joined('local-ts')}`);
  lines.push(`    remote: ${child.joined('remote-ts')}`);
  if (child.has('interface')) lines.push(`    interface: ${child.text('interface')}`);
  if (child.has('priority')) lines.push(`    priority: ${child.text('priority')}`);
  return lines;
}

function childRekeying(child: Fields): string {
  if (['PASS', 'DROP'].includes(child.text('mode'))) return 'no rekeying';
  const limits = [
    child.number('rekey_time') > 0 ? ` ${child.text('rekey_time')}s` : '',
    child.number('rekey_bytes') > 0 ? ` ${child.text('rekey_bytes')} bytes` : '',
    child.number('rekey_packets') > 0 ? ` ${child.text('rekey_packets')} packets` : '',
  ].filter((limit) => limit !== '');
  return limits.length === 0 ? 'no rekeying' : `rekeying every${limits.join(' or')}`;
}
