import { type ConfSection, newSection, printPosition } from '../../config/conf-tree.ts';
import { debugArguments } from './charon-debug.ts';
import { authRounds, type Side } from './conn-auth.ts';
import { childSection } from './conn-child.ts';
import { ConnValues } from './conn-values.ts';
import { AUTO, deadPeerAction, inFolder, strictness } from './conn-words.ts';
import { Draft } from './draft.ts';
import type { IpsecConf, IpsecSection } from './ipsec-conf.ts';

/** What the conversion must know of this host. */
export interface HostFacts {
  /** Whether an address belongs to it; names are looked up by nobody. */
  isOwnAddress(address: string): boolean;
  /** Folder of `certs`, `private` and the others, `/etc/ipsec.d`. */
  readonly folder: string;
}

/** Sections of swanctl.conf that say the same. */
export interface Converted {
  readonly connections: ConfSection;
  readonly pools: ConfSection;
  readonly authorities: ConfSection;
  readonly warnings: readonly string[];
}

/**
 * ipsec.conf in the words of swanctl.conf: every conn that is loaded becomes a connection with a child of its name, and conns whose IKE
 * part is equal children of the first. Throws `ConfigError` with the place of what cannot be said.
 */
export function convertConf(conf: IpsecConf, host: HostFacts): Converted {
  const top = { file: conf.setup.position.file, line: 1, column: 1 };
  const connections = newSection(top);
  const pools = newSection(top);
  const authorities = newSection(top);
  const warnings = [...conf.warnings];
  debugArguments(conf.setup);
  const setup = new ConnValues(conf.setup);
  if (setup.flag('cachecrls', false)) {
    const place = printPosition(setup.place('cachecrls'));
    warnings.push(`${place}: 'cachecrls' is now charon.cache_crls = yes in strongswan.conf`);
  }
  const known = new Map<string, ConfSection>();
  for (const section of conf.conns) {
    const values = new ConnValues(section);
    if (values.choice('auto', 'ignore', AUTO) === 'ignore') continue;
    const connection = connectionSection(conf, values, host, pools, warnings);
    const child = childSection(values, localSide(values, host));
    const ike = JSON.stringify(plain(connection));
    const same = known.get(ike);
    if (same === undefined) {
      known.set(ike, connection);
      connections.sections.set(section.name, connection);
      addChild(connection, section, child);
    } else addChild(same, section, child);
  }
  for (const section of conf.cas) {
    const values = new ConnValues(section);
    if (values.choice('auto', 'ignore', ['ignore', 'add']) === 'ignore') continue;
    authorities.sections.set(section.name, authoritySection(values, host));
  }
  return { connections, pools, authorities, warnings };
}

/** The side whose address is ours is local; left if both are, or neither. */
function localSide(values: ConnValues, host: HostFacts): Side {
  const owns = (side: Side): boolean =>
    values.items(side).some((address) => host.isOwnAddress(address));
  return owns('right') && !owns('left') ? 'right' : 'left';
}

function other(side: Side): Side {
  return side === 'left' ? 'right' : 'left';
}

function connectionSection(
  conf: IpsecConf,
  values: ConnValues,
  host: HostFacts,
  pools: ConfSection,
  warnings: string[],
): ConfSection {
  if (values.choice('keyexchange', 'ike', ['ike', 'ikev1', 'ikev2']) === 'ikev1') {
    values.fail('keyexchange', 'found ikev1, which this daemon does not speak: expected ikev2');
  }
  const local = localSide(values, host);
  const remote = other(local);
  const draft = new Draft(values.section.position);
  draft.set('version', '2', values.place('keyexchange'));
  for (const [side, prefix] of [
    [local, 'local'],
    [remote, 'remote'],
  ] as const) {
    draft.set(`${prefix}_addrs`, addresses(values, side), values.place(side));
    draft.copy(`${prefix}_port`, values.get(`${side}ikeport`));
  }
  const proposals = values.text('ike');
  if (proposals !== undefined) draft.set('proposals', strictness(proposals), values.place('ike'));
  setFlag(draft, values, 'mobike', 'mobike', true);
  setFlag(draft, values, 'forceencaps', 'encap', false);
  draft.copy('fragmentation', values.get('fragmentation'));
  draft.copy('dscp', values.get('ikedscp'));
  draft.set('keyingtries', tries(values), values.place('keyingtries'));
  draft.set('unique', unique(conf), conf.setup.position);
  setLifetimes(draft, values);
  const delay = values.seconds('dpddelay', 30);
  if (deadPeerAction(values) !== 'none')
    draft.set('dpd_delay', `${delay}s`, values.place('dpddelay'));
  if (values.get('dpdtimeout') !== undefined) {
    warnings.push(
      `${printPosition(values.place('dpdtimeout'))}: 'dpdtimeout' belongs to IKEv1: retransmissions decide when a peer is dead`,
    );
  }
  setCertificates(draft, values, local, remote);
  const vips = virtualAddresses(values, local);
  if (vips !== '') draft.set('vips', vips, values.place(`${local}sourceip`));
  const names = addressPools(values, remote, pools, warnings);
  if (names !== '') draft.set('pools', names, values.place(`${remote}sourceip`));
  const strict = new ConnValues(conf.setup).choice('strictcrlpolicy', 'no', ['yes', 'no', 'ifuri']);
  authRounds(draft, values, {
    local,
    remote,
    strict,
    folder: host.folder,
    warnings,
  });
  return draft.section;
}

function addresses(values: ConnValues, side: Side): string {
  const listed = values.items(side).map((item) => {
    // the address of the default route is found for each packet, which is what %any means
    if (/^%(?:any4?|defaultroute)$/.test(item)) return '%any';
    if (item === '%any6') return item;
    return item.replace(/^%/, '');
  });
  const any = values.items(side).some((item) => /^%(?!any|defaultroute)/.test(item));
  if (any || values.flag(`${side}allowany`, false)) listed.push('0.0.0.0/0', '::/0');
  return listed.length === 0 ? '%any' : listed.join(', ');
}

function tries(values: ConnValues): string {
  const text = values.text('keyingtries');
  if (text === '%forever') return '0';
  return String(values.number('keyingtries', 3));
}

function unique(conf: IpsecConf): string {
  const setup = new ConnValues(conf.setup);
  const policy = setup.choice('uniqueids', 'yes', ['yes', 'no', 'never', 'replace', 'keep']);
  return policy === 'yes' ? 'replace' : policy;
}

// rekey = lifetime - (margintime + random(0, margintime * rekeyfuzz))
function setLifetimes(draft: Draft, values: ConnValues): void {
  const place = values.place('ikelifetime');
  if (!values.flag('rekey', true)) {
    draft.set('rekey_time', '0s', values.place('rekey'));
    draft.set('reauth_time', '0s', values.place('rekey'));
    return;
  }
  const margin = values.seconds('margintime', 540);
  const time = Math.max(values.seconds('ikelifetime', 10_800) - margin, 0);
  const reauth = values.flag('reauth', true);
  draft.set('reauth_time', `${reauth ? time : 0}s`, place);
  draft.set('rekey_time', `${reauth ? 0 : time}s`, place);
  draft.set('over_time', `${margin}s`, values.place('margintime'));
  draft.set('rand_time', `${Math.floor(margin * values.percent('rekeyfuzz', 1))}s`, place);
}

function setCertificates(draft: Draft, values: ConnValues, local: Side, remote: Side): void {
  const words = ['never', 'no', 'ifasked', 'always', 'yes'] as const;
  const own = values.choice(`${local}sendcert`, 'ifasked', words);
  const spelt = { no: 'never', yes: 'always' } as const;
  if (values.get(`${local}sendcert`) !== undefined) {
    const word = own === 'no' || own === 'yes' ? spelt[own] : own;
    draft.set('send_cert', word, values.place(`${local}sendcert`));
  }
  const theirs = values.choice(`${remote}sendcert`, 'ifasked', words);
  if (theirs === 'never' || theirs === 'no') {
    draft.set('send_certreq', 'no', values.place(`${remote}sendcert`));
  }
}

function virtualAddresses(values: ConnValues, local: Side): string {
  return values
    .items(`${local}sourceip`)
    .map((item) => {
      if (/^%(config6|modecfg6|modeconfig6|cfg6)$/.test(item)) return '::';
      if (/^%(config|modecfg|modeconfig|cfg)4?$/.test(item)) return '0.0.0.0';
      if (item.startsWith('%')) {
        return values.fail(
          `${local}sourceip`,
          `found '${item}', expected %config, %config4, %config6 or an address`,
        );
      }
      return item;
    })
    .join(', ');
}

/** Makes pools of the ranges that the peer gets its addresses from; the result are the names of all its pools. */
function addressPools(
  values: ConnValues,
  remote: Side,
  pools: ConfSection,
  warnings: string[],
): string {
  const keyword = `${remote}sourceip`;
  const names = values.items(keyword).flatMap((item) => {
    if (/^%(config|modecfg|modeconfig|cfg)[46]?$/.test(item)) {
      warnings.push(`${keyword}=${item}: addresses the peer asks for are not echoed, use a pool`);
      return [];
    }
    if (item.startsWith('%')) return [item.slice(1)];
    const pool = new Draft(values.place(keyword));
    pool.set('addrs', item, values.place(keyword));
    pool.copy('dns', values.get(`${remote}dns`));
    const known = pools.sections.get(item);
    if (
      known !== undefined &&
      known.values.get('dns')?.text !== pool.section.values.get('dns')?.text
    )
      warnings.push(
        `${keyword}=${item}: two conns share this pool, ${remote}dns of the last one counts`,
      );
    pools.sections.set(item, pool.section);
    return [item];
  });
  return names.join(', ');
}

function setFlag(
  draft: Draft,
  values: ConnValues,
  keyword: string,
  option: string,
  fallback: boolean,
): void {
  if (values.get(keyword) === undefined) return;
  draft.set(option, values.flag(keyword, fallback) ? 'yes' : 'no', values.place(keyword));
}

function addChild(
  connection: ConfSection,
  { name, position }: IpsecSection,
  child: ConfSection,
): void {
  const children = connection.sections.get('children') ?? newSection(position);
  connection.sections.set('children', children);
  children.sections.set(name, child);
}

function authoritySection(values: ConnValues, host: HostFacts): ConfSection {
  const draft = new Draft(values.section.position);
  const file = values.text('cacert');
  if (file === undefined) values.fail('cacert', 'missing: name the CA certificate');
  draft.set('cacert', inFolder(file, `${host.folder}/cacerts`), values.place('cacert'));
  for (const kind of ['crl', 'ocsp']) {
    const uris = [`${kind}uri`, `${kind}uri2`].flatMap((keyword) => values.text(keyword) ?? []);
    if (uris.length > 0) draft.set(`${kind}_uris`, uris.join(', '), values.place(`${kind}uri`));
  }
  draft.copy('cert_uri_base', values.get('certuribase'));
  return draft.section;
}

/** A section without its places, for comparing. */
function plain(section: ConfSection): unknown {
  return [
    [...section.values].map(([name, { text }]) => [name, text]),
    [...section.sections].flatMap(([name, inner]) =>
      name === 'children' ? [] : [[name, plain(inner)]],
    ),
  ];
}
