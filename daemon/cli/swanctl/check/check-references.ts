import { type AddressRange, addressAt, rangesOverlap } from '../../../proto/address-range.ts';
import { familyOf, type IpAddress, ipBytes } from '../../../proto/ip-address.ts';
import { compareBytes } from '../../../util/bytes.ts';
import { didYouMean } from '../../../util/did-you-mean.ts';
import { splitItems } from '../conf-messages.ts';
import { locate, placeOf } from './locate.ts';
import type { CheckedConfig, CheckWorld } from './model.ts';

/** Finds pools that no connection names, names of no pool, pools that share addresses, and authorities that add nothing. */
export function checkReferences(config: CheckedConfig, { findings }: CheckWorld): void {
  const pools = new Set(config.pools.map(({ name }) => name));
  const used = new Set<string>();
  for (const { name, node } of config.connections) {
    for (const pool of splitItems(node.value('pools')?.text ?? '')) {
      used.add(pool);
      if (pools.has(pool)) continue;
      const similar = didYouMean(pool, pools);
      const hint = similar === undefined ? '' : `; did you mean '${similar}'?`;
      findings.add({
        severity: 'warning',
        code: 'missing-pool',
        position: locate(node, ['pools']),
        section: `connections.${name}`,
        message: `there is no pool '${pool}': nobody gets an address of it${hint}`,
      });
    }
  }
  for (const { name, node } of config.pools) {
    if (used.has(name)) continue;
    findings.add({
      severity: 'warning',
      code: 'unused-section',
      position: placeOf(node),
      section: `pools.${name}`,
      message: 'no connection names this pool: nobody gets an address of it',
    });
  }
  checkRanges(config, findings);
  for (const { name, node, value } of config.authorities) {
    if (value === undefined) continue;
    const { crlUris, ocspUris, certUriBase } = value;
    if (crlUris.length + ocspUris.length > 0 || certUriBase !== undefined) continue;
    findings.add({
      severity: 'note',
      code: 'unused-section',
      position: placeOf(node),
      section: `authorities.${name}`,
      message: 'it sets no crl_uris, ocsp_uris or cert_uri_base: a file in x509ca does the same',
    });
  }
}

function checkRanges({ pools }: CheckedConfig, findings: CheckWorld['findings']): void {
  // Ordered by where they begin, it is enough to remember the one that reaches furthest.
  const ranges = pools.flatMap(({ name, node, value }) =>
    value === undefined ? [] : [{ name, node, range: value.range }],
  );
  ranges.sort((a, b) => compareIp(a.range.first, b.range.first));
  let furthest = ranges[0];
  for (const pool of ranges.slice(1)) {
    if (furthest === undefined) break;
    if (rangesOverlap(furthest.range, pool.range)) {
      findings.add({
        severity: 'warning',
        code: 'overlap',
        position: locate(pool.node, ['addrs']),
        section: `pools.${pool.name}`,
        message: `shares addresses with pool '${furthest.name}': two peers may get the same one`,
      });
    }
    if (compareIp(lastOf(pool.range), lastOf(furthest.range)) > 0) furthest = pool;
  }
}

function lastOf(range: AddressRange): IpAddress {
  return addressAt(range, range.size - 1);
}

function compareIp(a: IpAddress, b: IpAddress): number {
  return familyOf(a) - familyOf(b) || compareBytes(ipBytes(a), ipBytes(b));
}
