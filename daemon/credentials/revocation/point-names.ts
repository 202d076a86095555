import { derElements } from '../../proto/der.ts';
import { toHex } from '../../util/hex.ts';
import type { DistributionPoint, GeneralName } from '../x509/certificate.ts';
import { decoding } from '../x509/decoded.ts';
import { appendRdn, nameKey } from '../x509/names.ts';

/**
 * Names of a distribution point as texts that are equal if the names are; a relative one is completed with the CRL issuer's,
 * a normalized name. Empty if the point has no name.
 */
export function pointNames(point: DistributionPoint, crlIssuerKey: string): ReadonlySet<string> {
  const names = generalNameTexts(point.names);
  const { relativeName } = point;
  if (relativeName === undefined) return names;
  const full = decoding('relativeName', () => {
    const [rdn] = derElements(relativeName, 1) ?? [];
    return appendRdn(crlIssuerKey, rdn?.contents ?? new Uint8Array(0), 'relativeName');
  });
  return full.ok ? new Set([...names, `dn:${full.value}`]) : names;
}

/** General names as texts that are equal if the names are. */
export function generalNameTexts(names: readonly GeneralName[]): ReadonlySet<string> {
  return new Set(names.map(textOf));
}

/** Normalized directory names among general names. */
export function directoryKeys(names: readonly GeneralName[]): readonly string[] {
  return names.flatMap((name) => (name.kind === 'directory' ? (keyOf(name.name) ?? []) : []));
}

function textOf(name: GeneralName): string {
  switch (name.kind) {
    case 'directory':
      return `dn:${keyOf(name.name) ?? `?${toHex(name.name)}`}`;
    case 'uri':
      return `uri:${name.text}`;
    case 'dns':
    case 'email':
      return `${name.kind}:${name.text.toLowerCase()}`;
    case 'ip':
      return `ip:${toHex(name.octets)}`;
    case 'other':
      return `other:${name.oid}:${toHex(name.value)}`;
    default:
      return `${name.kind}:${toHex(name.value)}`;
  }
}

function keyOf(name: Uint8Array): string | undefined {
  const key = decoding('name', () => nameKey(name, 'name'));
  return key.ok ? key.value : undefined;
}
