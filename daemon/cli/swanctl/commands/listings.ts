import { findSection, findText, optional, type Tree, value } from '../../../config/tree.ts';
import type { CommandContext, SwanctlCommand } from '../command.ts';
import { connectionText } from '../connection-text.ts';
import { Fields } from '../fields.ts';
import { flag, JSON_FORM, PRETTY, RAW, takes } from '../shared-options.ts';

export const listPols: SwanctlCommand = {
  long: 'list-pols',
  short: 'P',
  description: 'list currently installed policies',
  synopsis: ['[--child <name>] [--trap] [--drop] [--pass] [--raw|--pretty]'],
  options: [
    takes('child', 'c', 'filter policies by CHILD_SA config name'),
    flag('trap', 't', 'list trap policies'),
    flag('drop', 'd', 'list drop policies'),
    flag('pass', 'p', 'list bypass policies'),
    RAW,
    PRETTY,
    JSON_FORM,
  ],
  async run(cx) {
    const kinds = ['trap', 'drop', 'pass'].filter((kind) => cx.has(kind));
    const wanted = kinds.length === 0 ? ['trap', 'drop', 'pass'] : kinds;
    const input: Tree = [
      ...optional('child', cx.text('child')),
      ...wanted.map((kind) => value(kind, 'yes')),
    ];
    const answer = await cx.stream('list-policies', input, 'list-policy', 'policies', (data) =>
      show(cx, 'list-policy event', data, policyText),
    );
    return dumpReply(cx, 'list-policies reply', answer);
  },
};

function policyText(name: string, policy: Fields): string {
  const lines = [`${name}, reqid ${policy.text('reqid')}, ${policy.text('mode')}`];
  if (policy.has('label')) lines.push(`  label:  ${policy.label('label')}`);
  lines.push(`  local:  ${policy.joined('local-ts')}`);
  lines.push(`  remote: ${policy.joined('remote-ts')}`);
  return `${lines.join('\n')}\n`;
}

export const listAuthorities: SwanctlCommand = {
  long: 'list-authorities',
  short: 'B',
  description: 'list loaded authority configurations',
  synopsis: ['[--raw|--pretty]'],
  options: [takes('name', 'n', 'filter by authority name'), RAW, PRETTY, JSON_FORM],
  async run(cx) {
    const answer = await cx.stream(
      'list-authorities',
      optional('name', cx.text('name')),
      'list-authority',
      'authorities',
      (data) => show(cx, 'list-authorities event', data, authorityText),
    );
    return dumpReply(cx, 'list-authorities reply', answer);
  },
};

function authorityText(name: string, authority: Fields): string {
  const lines = [`${name}:`];
  if (authority.has('cacert')) lines.push(`  cacert: ${authority.text('cacert')}`);
  authority.items('crl_uris').forEach((uri, i) => {
    lines.push(i === 0 ? `  crl_uris:  ${uri}` : `             ${uri}`);
  });
  // The stock program repeats this label, and scripts have seen nothing else.
  for (const uri of authority.items('ocsp_uris')) lines.push(`  ocsp_uris: ${uri}`);
  if (authority.has('cert_uri_base'))
    lines.push(`  cert_uri_base: ${authority.text('cert_uri_base')}`);
  return `${lines.join('\n')}\n`;
}

export const listConns: SwanctlCommand = {
  long: 'list-conns',
  short: 'L',
  description: 'list loaded configurations',
  synopsis: ['[--ike <name>] [--raw|--pretty]'],
  options: [takes('ike', 'i', 'filter connections by name'), RAW, PRETTY, JSON_FORM],
  async run(cx) {
    const answer = await cx.stream(
      'list-conns',
      optional('ike', cx.text('ike')),
      'list-conn',
      'connections',
      (data) => show(cx, 'list-conn event', data, connectionText),
    );
    return dumpReply(cx, 'list-conns reply', answer);
  },
};

export const listPools: SwanctlCommand = {
  long: 'list-pools',
  short: 'A',
  description: 'list loaded pool configurations',
  synopsis: ['[--leases] [--raw|--pretty]'],
  options: [
    RAW,
    PRETTY,
    JSON_FORM,
    flag('leases', 'l', 'list leases of each pool'),
    takes('name', 'n', 'filter pools by name'),
  ],
  async run(cx) {
    const answer = await cx.ask('get-pools', [
      ...(cx.has('leases') ? [value('leases', 'yes')] : []),
      ...optional('name', cx.text('name')),
    ]);
    if (cx.form !== undefined) return dumpReply(cx, 'get-pools reply', answer);
    for (const pool of answer)
      if (pool.kind === 'section') cx.terminal.out(poolText(pool.name, pool.entries));
    return 0;
  },
};

function poolText(name: string, tree: Tree): string {
  const pool = new Fields(tree);
  const counts = `${pool.text('online')} / ${pool.text('offline')} / ${pool.text('size')}`;
  let text = `${name.padEnd(20)} ${pool.text('base').padEnd(30)} ${counts.padStart(16)}\n`;
  for (const lease of findSection(tree, 'leases') ?? []) {
    if (lease.kind !== 'section') continue;
    const at = (key: string): string => findText(lease.entries, key) ?? '(null)';
    text += `  ${at('address').padEnd(30)} ${at('status').padEnd(8)} '${at('identity')}'\n`;
  }
  return text;
}

function show(
  cx: CommandContext,
  label: string,
  data: Tree,
  text: (name: string, fields: Fields) => string,
): void {
  if (cx.form !== undefined) {
    cx.dump(label, data, cx.form);
    return;
  }
  for (const entry of data)
    if (entry.kind === 'section') cx.terminal.out(text(entry.name, new Fields(entry.entries)));
}

function dumpReply(cx: CommandContext, label: string, answer: Tree): number {
  if (cx.form !== undefined) cx.dump(label, answer, cx.form);
  return 0;
}
