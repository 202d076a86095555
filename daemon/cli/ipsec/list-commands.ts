import { findList, optional, type Tree, value } from '../../config/tree.ts';
import type { DecodeTools } from '../../credentials/x509/tools.ts';
import { latin1 } from '../../util/bytes.ts';
import { listCaInfos } from './ca-infos.ts';
import type { IpsecSession } from './session.ts';

/** Which certificates a command lists, in the words of VICI. */
const CERTIFICATES: Readonly<Record<string, readonly [type: string, flag?: string]>> = {
  listpubkeys: ['PUBKEY'],
  listcerts: ['X509', 'NONE'],
  listcacerts: ['X509', 'CA'],
  listaacerts: ['X509', 'AA'],
  listocspcerts: ['X509', 'OCSP'],
  listacerts: ['X509_AC'],
  listcrls: ['X509_CRL'],
  listocsp: ['OCSP_RESPONSE'],
};

/** The commands of `listall`, in order. */
const ALL = [
  'listcainfos',
  'listpubkeys',
  'listcerts',
  'listcacerts',
  'listaacerts',
  'listocspcerts',
  'listacerts',
  'listcrls',
  'listocsp',
  'listalgs',
  'listplugins',
];

/** What listing needs besides the daemon. */
export interface ListTools {
  readonly decoders: () => Promise<DecodeTools>;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** The list commands done here. */
export const LIST_COMMANDS: readonly string[] = [
  ...Object.keys(CERTIFICATES),
  'listall',
  'listalgs',
  'listplugins',
  'listgroups',
  'listcainfos',
];

/** Runs one of them. */
export async function list(
  session: IpsecSession,
  command: string,
  utc: boolean,
  tools: ListTools,
): Promise<void> {
  if (command === 'listall') {
    for (const each of ALL) await list(session, each, utc, tools);
    return;
  }
  const kind = CERTIFICATES[command];
  if (kind !== undefined) await certificates(session, kind, utc, tools);
  else if (command === 'listalgs') await algorithms(session);
  else if (command === 'listplugins') await plugins(session);
  else if (command === 'listcainfos') await listCaInfos(session, tools.decoders);
  // What groups peers belong to is in their attribute certificates: there is no list of groups.
}

async function certificates(
  session: IpsecSession,
  [type, flag]: readonly [type: string, flag?: string],
  utc: boolean,
  { decoders, now }: ListTools,
): Promise<void> {
  const { CertListing } = await import('../swanctl/cert-listing.ts');
  const listing = new CertListing(session.terminal, await decoders(), {
    short: false,
    utc,
    pem: false,
    now: now(),
  });
  const events = await session.collect('list-certs', 'list-cert', [
    value('type', type),
    ...optional('flag', flag),
  ]);
  for (const event of events) listing.show(event);
}

async function algorithms(session: IpsecSession): Promise<void> {
  session.line('');
  session.line('List of registered IKE algorithms:');
  session.line('');
  for (const group of await session.call('get-algorithms')) {
    if (group.kind !== 'section') continue;
    const items = group.entries.flatMap((entry) =>
      entry.kind === 'value' ? [`${nameOf(entry.name)}[${latin1(entry.value)}]`] : [],
    );
    for (const [i, line] of wrapped(items).entries())
      session.line(
        `  ${(i === 0 ? `${LABELS.get(group.name) ?? group.name}:` : '').padEnd(11)} ${line}`,
      );
  }
}

/** What VICI calls otherwise. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['ke', 'dh-group'],
  ['rng', 'random-gen'],
]);

/** There is one kind of nonces, which has no name here. */
function nameOf(algorithm: string): string {
  return algorithm === 'NONCE_GEN' ? '' : algorithm;
}

/** Columns of a line. */
const WIDTH = 120;
const INDENT = 14;

function wrapped(items: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last === undefined || INDENT + last.length + 1 + item.length > WIDTH) lines.push(item);
    else lines[lines.length - 1] = `${last} ${item}`;
  }
  return lines;
}

async function plugins(session: IpsecSession): Promise<void> {
  session.line('');
  session.line('List of loaded Plugins:');
  session.line('');
  const stats: Tree = await session.call('stats');
  for (const name of (findList(stats, 'plugins') ?? []).map(latin1)) session.line(`${name}:`);
}
