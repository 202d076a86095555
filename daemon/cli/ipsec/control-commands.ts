import { findText, optional, value } from '../../config/tree.ts';
import { type IpAddress, ipBytes, parseIp } from '../../proto/ip-address.ts';
import { compareBytes } from '../../util/bytes.ts';
import { type ListedIke, listIkes } from './sas.ts';
import { type IpsecSession, succeeded } from './session.ts';
import { parseTarget } from './target.ts';

/** `ipsec up`: initiates the child of a name, or all children of the connection of that name. Always succeeds, as stroke does. */
export async function up(session: IpsecSession, name: string): Promise<void> {
  const { conns, children } = await knownNames(session);
  const owner = children.get(name);
  const targets =
    owner !== undefined
      ? [{ child: name, ike: owner }]
      : [...children].filter(([, ike]) => ike === name).map(([child, ike]) => ({ child, ike }));
  if (targets.length === 0) {
    session.line(conns.has(name) ? `no child config named '${name}'` : `no config named '${name}'`);
    return;
  }
  for (const { child, ike } of targets) {
    const answer = await session.logged('initiate', [value('child', child), value('ike', ike)]);
    const late = /not established after \d+ms/.exec(findText(answer, 'errmsg') ?? '')?.[0];
    if (succeeded(answer)) session.line(`connection '${child}' established successfully`);
    else if (late !== undefined) session.line(`connection '${child}' ${late}, detaching`);
    else session.line(`establishing connection '${child}' failed`);
  }
}

/** `ipsec down` in all its forms. */
export async function down(session: IpsecSession, text: string): Promise<void> {
  const target = parseTarget(text);
  if (target === undefined) {
    session.terminal.error(
      `invalid target '${text}': write name, name[n], name[*], name{n} or name{*}\n`,
    );
    return;
  }
  if (typeof target.which === 'number') {
    // whoever gives a number is told when nobody has it; the name before it is not compared
    await close(session, target.kind, String(target.which));
    return;
  }
  const ikes = await listIkes(session);
  const ids =
    target.kind === 'ike'
      ? ikes.filter((ike) => ike.name === target.name).map((ike) => ike.fields.text('uniqueid'))
      : ikes
          .flatMap(({ children }) => children)
          .filter((child) => child.text('name') === target.name)
          .map((child) => child.text('uniqueid'));
  for (const id of target.which === 'all' ? ids : ids.slice(0, 1)) {
    await close(session, target.kind, id);
  }
}

async function close(session: IpsecSession, kind: 'ike' | 'child', id: string): Promise<void> {
  const answer = await session.logged('terminate', [value(`${kind}-id`, id)]);
  const what = kind === 'ike' ? `IKE_SA [${id}]` : `CHILD_SA {${id}}`;
  session.line(succeeded(answer) ? `${what} closed successfully` : `closing ${what} failed`);
}

/** `ipsec down-srcip`: closes the IKE_SAs of peers that have a virtual IP in a range, without a word. */
export async function downSourceIp(
  session: IpsecSession,
  first: string,
  last: string,
): Promise<void> {
  const [from, to] = [parseIp(first), parseIp(last)];
  if (from === undefined || to === undefined) {
    session.terminal.error(`invalid range '${first}' to '${last}': write one or two addresses\n`);
    return;
  }
  const within = (text: string): boolean => {
    const address = parseIp(text);
    return address !== undefined && between(from, address, to);
  };
  for (const { fields } of await listIkes(session)) {
    if (fields.items('remote-vips').some(within))
      await session.call('terminate', [value('ike-id', fields.text('uniqueid'))]);
  }
}

function between(from: IpAddress, address: IpAddress, to: IpAddress): boolean {
  const [low, octets, high] = [ipBytes(from), ipBytes(address), ipBytes(to)];
  return (
    octets.length === low.length &&
    compareBytes(low, octets) <= 0 &&
    compareBytes(octets, high) <= 0
  );
}

/** `ipsec route`. */
export async function route(session: IpsecSession, name: string): Promise<void> {
  const child = await childOf(session, name);
  if (child === undefined) {
    session.line(`no config named '${name}'`);
    return;
  }
  const answer = await session.call('install', [value('child', name), value('ike', child.ike)]);
  if (!succeeded(answer)) session.line(`routing '${name}' failed`);
  else if (child.mode === 'PASS' || child.mode === 'DROP') {
    session.line(`'${name}' shunt ${child.mode} policy installed`);
  } else session.line(`'${name}' routed`);
}

/** `ipsec unroute`. */
export async function unroute(session: IpsecSession, name: string): Promise<void> {
  const child = await childOf(session, name);
  const answer = await session.call('uninstall', [
    value('child', name),
    ...optional('ike', child?.ike),
  ]);
  if (!succeeded(answer)) session.line(`configuration '${name}' not found`);
  else if (child?.mode === 'PASS' || child?.mode === 'DROP') {
    session.line(`shunt policy '${name}' uninstalled`);
  } else session.line(`trap policy '${name}' unrouted`);
}

/** `ipsec purgeike`: closes IKE_SAs that have no CHILD_SA. */
export async function purgeIke(session: IpsecSession): Promise<void> {
  const idle = (await listIkes(session)).filter(isIdle);
  for (const { fields } of idle) await close(session, 'ike', fields.text('uniqueid'));
}

function isIdle({ fields, children }: ListedIke): boolean {
  return children.length === 0 && fields.text('state') === 'ESTABLISHED';
}

interface KnownNames {
  readonly conns: ReadonlySet<string>;
  /** The connection of each child; of children with equal names the first. */
  readonly children: ReadonlyMap<string, string>;
}

async function knownNames(session: IpsecSession): Promise<KnownNames> {
  const conns = new Set<string>();
  const children = new Map<string, string>();
  for (const event of await session.collect('list-conns', 'list-conn')) {
    for (const conn of event) {
      if (conn.kind !== 'section') continue;
      conns.add(conn.name);
      for (const entry of conn.entries) {
        if (entry.kind !== 'section' || entry.name !== 'children') continue;
        for (const { name } of entry.entries)
          if (!children.has(name)) children.set(name, conn.name);
      }
    }
  }
  return { conns, children };
}

async function childOf(
  session: IpsecSession,
  name: string,
): Promise<{ readonly ike: string; readonly mode: string } | undefined> {
  for (const event of await session.collect('list-conns', 'list-conn')) {
    for (const conn of event) {
      if (conn.kind !== 'section') continue;
      for (const entry of conn.entries) {
        if (entry.kind !== 'section' || entry.name !== 'children') continue;
        const child = entry.entries.find((candidate) => candidate.name === name);
        if (child?.kind === 'section')
          return { ike: conn.name, mode: findText(child.entries, 'mode') ?? '' };
      }
    }
  }
  return undefined;
}
