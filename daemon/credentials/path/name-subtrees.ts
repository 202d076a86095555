/**
 * Whether a name lies in the subtree of a constraint, RFC 5280 section 4.2.1.10; `malformed` if one of the two is nothing that could be
 * compared, which nobody may profit from. `excluded` names are compared such that no variant of a name escapes: a wildcard is
 * in a subtree if anything it stands for is, and the mailbox counts without case.
 */
export type SubtreeMatch = 'inside' | 'outside' | 'malformed';

/** Host names: the constraint and everything below it; with a leading dot only what is below, as many CAs write it. */
export function matchDns(text: string, subtree: string, excluded: boolean): SubtreeMatch {
  const base = hostOf(subtree.startsWith('.') ? subtree.slice(1) : subtree);
  const wildcard = text.startsWith('*.');
  const host = hostOf(wildcard ? text.slice(2) : text);
  if (base === undefined || host === undefined || host === '') return 'malformed';
  if (base === '') return 'inside';
  const below = host.endsWith(`.${base}`) || (wildcard && host === base);
  if (below) return 'inside';
  if (host === base) return !excluded && subtree.startsWith('.') ? 'outside' : 'inside';
  return excluded && wildcard && base.endsWith(`.${host}`) ? 'inside' : 'outside';
}

/** Mailboxes: one of them, all of a host, or with a leading dot all of the hosts below it. */
export function matchEmail(text: string, subtree: string, excluded: boolean): SubtreeMatch {
  const mailbox = mailboxOf(text);
  if (mailbox === undefined) return 'malformed';
  if (!subtree.includes('@')) return matchHost(mailbox.host, subtree);
  const wanted = mailboxOf(subtree);
  if (wanted === undefined) return 'malformed';
  const same = excluded
    ? mailbox.local.toLowerCase() === wanted.local.toLowerCase()
    : mailbox.local === wanted.local;
  return same && mailbox.host === wanted.host ? 'inside' : 'outside';
}

/** URIs by their host, which must be a name: exactly that host, or with a leading dot those below it. */
export function matchUri(text: string, subtree: string): SubtreeMatch {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1];
  const named = /^(?:[^@]*@)?([^@:[\]]+)(?::\d*)?$/.exec(authority ?? '')?.[1];
  const host = named === undefined ? undefined : hostOf(named);
  if (host === undefined || host === '' || /^[\d.]+$/.test(host)) return 'malformed';
  return matchHost(host, subtree);
}

/** Addresses, 4 or 16 octets, within an address and mask of the same family. */
export function matchIp(octets: Uint8Array, subtree: Uint8Array): SubtreeMatch {
  const valid = (subtree.length === 8 || subtree.length === 32) && isAddress(octets);
  if (!valid) return 'malformed';
  if (subtree.length !== 2 * octets.length) return 'outside';
  const inside = octets.every((octet, i) => {
    const mask = subtree[octets.length + i] ?? 0;
    return (octet & mask) === ((subtree[i] ?? 0) & mask);
  });
  return inside ? 'inside' : 'outside';
}

/** Names as their normalized RDNs: those that begin with all of the constraint's. */
export function matchDirectory(rdns: readonly string[], subtree: readonly string[]): SubtreeMatch {
  return subtree.every((rdn, i) => rdns[i] === rdn) ? 'inside' : 'outside';
}

function matchHost(host: string, subtree: string): SubtreeMatch {
  const base = hostOf(subtree.startsWith('.') ? subtree.slice(1) : subtree);
  if (base === undefined) return 'malformed';
  if (base === '') return 'inside';
  const inside = subtree.startsWith('.') ? host.endsWith(`.${base}`) : host === base;
  return inside ? 'inside' : 'outside';
}

function mailboxOf(text: string): { readonly local: string; readonly host: string } | undefined {
  const at = text.lastIndexOf('@');
  const host = hostOf(text.slice(at + 1));
  const local = text.slice(0, Math.max(0, at));
  return local === '' || host === undefined || host === '' ? undefined : { local, host };
}

// Lower case, without the dot of the root. Labels of other scripts are encoded (RFC 5891), so that anything but ASCII is no
// host name; an asterisk or a blank is none either.
function hostOf(text: string): string | undefined {
  const host = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  return host === '' || /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(host) ? host : undefined;
}

function isAddress(octets: Uint8Array): boolean {
  return octets.length === 4 || octets.length === 16;
}
