/** What an LDAP URL asks for, RFC 4516. */
export interface LdapUrl {
  readonly base: string;
  /** At least one. */
  readonly attributes: readonly string[];
  readonly scope: 'base' | 'one' | 'sub';
  readonly filter: string;
}

/** What is asked for if the URL names no attributes: what revocation and chains are made of (RFC 4523). */
const USUAL = ['certificateRevocationList;binary', 'cACertificate;binary'];

/** Attributes that are asked for at most. */
const MOST_ATTRIBUTES = 8;

/** Reads the part of the URL after the server, or says what is wrong with it. */
export function readLdapUrl(url: URL): LdapUrl | string {
  if (url.hostname === '') return 'the LDAP URL names no server';
  const [attributes = '', scope = '', filter = '', extensions = '', ...more] = url.search
    .slice(1)
    .split('?');
  if (more.length > 0) return 'the LDAP URL has too many parts';
  if (extensions.split(',').some((extension) => extension.startsWith('!'))) {
    return 'the LDAP URL demands an extension';
  }
  const names = attributes === '' ? USUAL : attributes.split(',').map(unescaped);
  if (names.length > MOST_ATTRIBUTES) return 'the LDAP URL asks for too many attributes';
  if (!names.every((name) => /^[A-Za-z][A-Za-z0-9.;-]*$|^[0-9.;A-Za-z-]+$/.test(name))) {
    return 'the LDAP URL asks for something that is no attribute';
  }
  const depth = scope === '' ? 'base' : scope.toLowerCase();
  if (depth !== 'base' && depth !== 'one' && depth !== 'sub') {
    return 'the LDAP URL has an unknown scope';
  }
  return {
    base: unescaped(url.pathname.slice(1)),
    attributes: names,
    scope: depth,
    filter: filter === '' ? '(objectClass=*)' : withParentheses(unescaped(filter)),
  };
}

/** Percent signs that escape nothing stay as they are. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Microsoft's URLs write `objectClass=cRLDistributionPoint`. */
function withParentheses(filter: string): string {
  return filter.startsWith('(') ? filter : `(${filter})`;
}
