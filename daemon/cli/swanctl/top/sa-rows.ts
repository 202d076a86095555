import { findSection, type Tree } from '../../../config/tree.ts';
import { Fields } from '../fields.ts';

/** Traffic per second, or in all. */
export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
}

export const NO_TRAFFIC: Traffic = { bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 };

/** A CHILD_SA as one line of the list. */
export interface ChildRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly selectors: string;
  /** Seconds since it was installed. */
  readonly age: number;
  readonly total: Traffic;
}

/** An IKE_SA with its children. */
export interface IkeRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly remote: string;
  readonly remoteId: string;
  /** Seconds since it was established; `undefined` while it is not. */
  readonly age: number | undefined;
  readonly children: readonly ChildRow[];
}

/** The IKE_SAs of one `list-sa` event. Control characters of texts that peers made are replaced. */
export function ikeRows(event: Tree): readonly IkeRow[] {
  return event.flatMap((entry) => {
    if (entry.kind !== 'section') return [];
    const ike = new Fields(entry.entries);
    const age = ike.maybe('established');
    const children = findSection(entry.entries, 'child-sas') ?? [];
    return [
      {
        id: ike.number('uniqueid'),
        name: harmless(entry.name),
        state: harmless(ike.text('state')),
        remote: harmless(ike.text('remote-host')),
        remoteId: harmless(ike.text('remote-id')),
        age: age === undefined ? undefined : Number(age),
        children: children.flatMap((child) =>
          child.kind === 'section' ? [childRow(new Fields(child.entries))] : [],
        ),
      },
    ];
  });
}

function childRow(child: Fields): ChildRow {
  const selectors = `${child.items('local-ts').join(' ')} === ${child.items('remote-ts').join(' ')}`;
  return {
    id: child.number('uniqueid'),
    name: harmless(child.text('name')),
    state: harmless(child.text('state')),
    selectors: harmless(selectors),
    age: child.number('install-time'),
    total: {
      bytesIn: child.number('bytes-in'),
      bytesOut: child.number('bytes-out'),
      packetsIn: child.number('packets-in'),
      packetsOut: child.number('packets-out'),
    },
  };
}

/** A text, given with a character for each octet of its UTF-8, that cannot steer a terminal. */
export function harmless(octets: string): string {
  const text = new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0)));
  return text.replaceAll(/\p{Cc}/gu, '?');
}

/** The sum of two. */
export function addTraffic(a: Traffic, b: Traffic): Traffic {
  return {
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    packetsIn: a.packetsIn + b.packetsIn,
    packetsOut: a.packetsOut + b.packetsOut,
  };
}

/** The traffic of a second, from what flowed between two readings. */
export function perSecond(before: Traffic, now: Traffic, seconds: number): Traffic {
  const rate = (a: number, b: number): number => Math.max(0, b - a) / seconds;
  return {
    bytesIn: rate(before.bytesIn, now.bytesIn),
    bytesOut: rate(before.bytesOut, now.bytesOut),
    packetsIn: rate(before.packetsIn, now.packetsIn),
    packetsOut: rate(before.packetsOut, now.packetsOut),
  };
}
