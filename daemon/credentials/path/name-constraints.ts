import { parseDn } from '../../proto/distinguished-name.ts';
import { EMAIL_OID } from '../../proto/dn-attributes.ts';
import { equalBytes, latin1, printable, utf8 } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import type { Certificate, GeneralName } from '../x509/certificate.ts';
import { nameKey, rdnKeys } from '../x509/names.ts';
import { failure, nameOf, type PathFailure, printName } from './failure.ts';
import { MAX_NAME_COMPARISONS } from './limits.ts';
import {
  matchDirectory,
  matchDns,
  matchEmail,
  matchIp,
  matchUri,
  type SubtreeMatch,
} from './name-subtrees.ts';

/** A name of a kind that can be constrained; names are compared by their normalized RDNs. */
type ComparableName =
  | Extract<GeneralName, { kind: 'dns' | 'email' | 'uri' | 'ip' }>
  | { readonly kind: 'directory'; readonly name: Uint8Array; readonly rdns: readonly string[] };

type Kind = ComparableName['kind'];

/**
 * The name constraints in force below the CAs seen so far, RFC 5280 section 6.1.1 (b), (c): names lie in a permitted subtree of every
 * CA that permits some of their kind, and in no excluded one.
 */
export class NameConstraints {
  readonly #permitted: Map<Kind, readonly ComparableName[]>[] = [];
  readonly #excluded: ComparableName[] = [];
  #comparisons = 0;

  /** Adds those of a CA; a failure if they are of a kind that we do not process. */
  add(issuer: Certificate): PathFailure | undefined {
    const { nameConstraints } = issuer;
    if (nameConstraints === undefined) return undefined;
    const permitted = comparable(nameConstraints.permitted);
    const excluded = comparable(nameConstraints.excluded);
    if (permitted === undefined || excluded === undefined)
      return failure(
        'cert-validation-failed',
        `${nameOf(issuer)} constrains names of a kind that is not supported`,
      );
    this.#permitted.push(Map.groupBy(permitted, ({ kind }) => kind));
    this.#excluded.push(...excluded);
    return undefined;
  }

  /** Why a certificate violates them, `undefined` if it does not. */
  check(certificate: Certificate): PathFailure | undefined {
    if (this.#permitted.length === 0) return undefined;
    const refuse = (reason: string): PathFailure =>
      failure(
        'cert-policy-violation',
        `${nameOf(certificate)} violates name constraints: ${reason}`,
      );
    const names = namesOf(certificate);
    if (names === undefined) return refuse('one of its names cannot be compared');
    for (const name of names) {
      for (const subtree of this.#excluded)
        if (!this.#is('outside', name, subtree, true))
          return refuse(`${print(name)} is excluded by ${print(subtree)}`);
      for (const permitted of this.#permitted) {
        const subtrees = permitted.get(name.kind);
        if (subtrees && !subtrees.some((subtree) => this.#is('inside', name, subtree, false)))
          return refuse(`${print(name)} is not in ${subtrees.slice(0, 5).map(print).join(' or ')}`);
      }
      if (this.#comparisons > MAX_NAME_COMPARISONS)
        return refuse(`more than ${MAX_NAME_COMPARISONS} comparisons of names`);
    }
    return undefined;
  }

  #is(
    wanted: SubtreeMatch,
    name: ComparableName,
    subtree: ComparableName,
    excluded: boolean,
  ): boolean {
    if (name.kind !== subtree.kind) return wanted === 'outside';
    this.#comparisons++;
    return match(name, subtree, excluded) === wanted;
  }
}

function match(name: ComparableName, subtree: ComparableName, excluded: boolean): SubtreeMatch {
  if (name.kind === 'ip' && subtree.kind === 'ip') return matchIp(name.octets, subtree.octets);
  if (name.kind === 'directory' && subtree.kind === 'directory')
    return matchDirectory(name.rdns, subtree.rdns);
  if (!('text' in name && 'text' in subtree)) return 'malformed';
  switch (name.kind) {
    case 'dns':
      return matchDns(name.text, subtree.text, excluded);
    case 'email':
      return matchEmail(name.text, subtree.text, excluded);
    case 'uri':
      return matchUri(name.text, subtree.text);
  }
}

// `undefined` if there is one of another kind: that constraint would not be enforced.
function comparable(names: readonly GeneralName[]): readonly ComparableName[] | undefined {
  const all: ComparableName[] = [];
  for (const name of names) {
    const one = comparableName(name);
    if (one === undefined) return undefined;
    all.push(one);
  }
  return all;
}

function comparableName(name: GeneralName): ComparableName | undefined {
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
    case 'ip':
      return name;
    case 'directory':
      return {
        kind: 'directory',
        name: name.name,
        rdns: rdnKeys(nameKey(name.name, 'directoryName')),
      };
    default:
      return undefined;
  }
}

// The subject, its e-mail addresses (section 4.2.1.10) and the subjectAltNames; names of other kinds are not constrained, because
// constraints on them are refused.
function namesOf(certificate: Certificate): readonly ComparableName[] | undefined {
  const { subject, subjectKey, subjectAltNames } = certificate;
  const parts = parseDn(subject);
  if (parts === undefined) return undefined;
  const names: ComparableName[] = [];
  if (parts.length > 0) names.push({ kind: 'directory', name: subject, rdns: rdnKeys(subjectKey) });
  for (const { oid, value } of parts)
    if (equalBytes(oid, EMAIL_OID)) names.push({ kind: 'email', text: latin1(value) });
  for (const name of subjectAltNames) {
    const one = comparableName(name);
    if (one !== undefined) names.push(one);
  }
  return names;
}

function print(name: ComparableName): string {
  switch (name.kind) {
    case 'ip':
      return `address ${toHex(name.octets)}`;
    case 'directory':
      return `"${printName(name.name)}"`;
    default:
      return `'${printable(utf8(name.text.slice(0, 100)))}'`;
  }
}
