import { findSection, findText, type Tree } from '../../../config/tree.ts';
import { Fields } from '../fields.ts';
import { harmless } from './sa-rows.ts';

/** Events that are shown, each with the sentence for it; nothing for what does not concern anybody. */
export const SHOWN_EVENTS: Readonly<Record<string, (event: Tree) => string | undefined>> = {
  'ike-updown': (event) => {
    const [name, ike] = ikeOf(event);
    const peer = `'${ike.text('remote-id')}' at ${ike.text('remote-host')}`;
    return `${label(name, ike)} ${updown(event, 'established with', 'closed,')} ${peer}`;
  },
  'child-updown': (event) => {
    const [name, ike] = ikeOf(event);
    const children = findSection(ike.tree, 'child-sas') ?? [];
    const names = children.flatMap((child) =>
      child.kind === 'section' ? [childLabel(new Fields(child.entries))] : [],
    );
    return `${label(name, ike)} CHILD_SA ${names.join(', ')} ${updown(event, 'installed', 'removed')}`;
  },
  'ike-rekey': (event) => {
    const [name, both] = ikeOf(event);
    const [old, fresh] = oldAndNew(both.tree);
    return `${label(name, old)} rekeyed: ${label(name, fresh)}`;
  },
  'child-rekey': (event) => {
    const [name, ike] = ikeOf(event);
    const [child] = findSection(ike.tree, 'child-sas') ?? [];
    const [old, fresh] = oldAndNew(child?.kind === 'section' ? child.entries : []);
    return `${label(name, ike)} CHILD_SA ${childLabel(old)} rekeyed: ${childLabel(fresh)}`;
  },
  alert: (event) => {
    const [name, ike] = ikeOf(findSection(event, 'ike-sa') ?? []);
    const about = name === '' ? '' : ` ${label(name, ike)} ${ike.text('remote-host')}`;
    return `alert ${findText(event, 'type') ?? ''}${about}`;
  },
};

/** The sentence for an event, which cannot steer a terminal. */
export function eventLine(name: string, event: Tree): string | undefined {
  const line = SHOWN_EVENTS[name]?.(event);
  return line === undefined ? undefined : harmless(line);
}

function ikeOf(event: Tree): readonly [name: string, ike: Fields] {
  for (const entry of event) {
    if (entry.kind === 'section') return [entry.name, new Fields(entry.entries)];
  }
  return ['', new Fields([])];
}

function oldAndNew(tree: Tree): readonly [old: Fields, fresh: Fields] {
  return [new Fields(findSection(tree, 'old') ?? []), new Fields(findSection(tree, 'new') ?? [])];
}

function label(name: string, ike: Fields): string {
  return `${name}[${ike.text('uniqueid')}]`;
}

function childLabel(child: Fields): string {
  return `${child.text('name')}{${child.text('uniqueid')}}`;
}

function updown(event: Tree, up: string, down: string): string {
  return findText(event, 'up') === 'yes' ? up : down;
}
