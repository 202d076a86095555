import { Client, type Entry } from 'ldapts';
import { failed, type Hop, type HopEnd, pinned } from './hop.ts';
import { LdapSocket } from './ldap-socket.ts';
import { type LdapUrl, readLdapUrl } from './ldap-url.ts';

/** Entries that are asked for, and what may come around them: references, the result. */
const ENTRIES = 2;
const MESSAGES = 16;
const ELEMENTS = 256;
const ENVELOPE = 65_536;

/** One anonymous search on a connection of its own: the first value of an attribute that was asked for. */
export async function ldapHop(hop: Hop): Promise<HopEnd> {
  const wanted = readLdapUrl(hop.url);
  if (typeof wanted === 'string') return failed(wanted);
  const socket = new LdapSocket({
    octets: hop.sizeLimit + ENVELOPE,
    messages: MESSAGES,
    elements: ELEMENTS,
  });
  const broken = Promise.withResolvers<HopEnd>();
  const breakOff = (reason: string): void => {
    broken.resolve(failed(reason));
    socket.destroy();
  };
  const onAbort = (): void => breakOff('it took too long');
  hop.signal.addEventListener('abort', onAbort);
  const connecting = setTimeout(
    () => breakOff(`no connection within ${hop.connectLimit / 1000} s`),
    hop.connectLimit,
  );
  socket.once('connect', () => clearTimeout(connecting));
  const client = new Client({
    url: `ldap://${hop.url.host}`,
    strictDN: false,
    createConnection: () =>
      socket.connect({
        host: hop.url.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: hop.url.port === '' ? 389 : Number(hop.url.port),
        lookup: pinned(hop.addresses),
      }),
  });
  try {
    return await Promise.race([broken.promise, search(client, wanted, hop.sizeLimit)]);
  } finally {
    clearTimeout(connecting);
    hop.signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

async function search(client: Client, wanted: LdapUrl, sizeLimit: number): Promise<HopEnd> {
  try {
    const { searchEntries } = await client.search(wanted.base, {
      scope: wanted.scope,
      filter: wanted.filter,
      attributes: [...wanted.attributes],
      explicitBufferAttributes: [...wanted.attributes],
      sizeLimit: ENTRIES,
    });
    const value = searchEntries.map((entry) => firstValue(entry, wanted)).find(isPresent);
    if (value === undefined) return failed('the directory has no such attribute');
    if (value.length > sizeLimit) return failed(`the answer is longer than ${sizeLimit} octets`);
    return { kind: 'body', body: Uint8Array.from(value) };
  } catch (error) {
    const text = error instanceof Error ? error.message || error.name : 'the search failed';
    return failed(text.split('\n').at(-1) ?? text);
  }
}

function firstValue(entry: Entry, wanted: LdapUrl): Uint8Array | undefined {
  const names = new Set(wanted.attributes.map((name) => name.toLowerCase()));
  for (const [name, values] of Object.entries(entry)) {
    if (!names.has(name.toLowerCase())) continue;
    const first = Array.isArray(values) ? values[0] : values;
    if (first instanceof Uint8Array) return first;
  }
  return undefined;
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
