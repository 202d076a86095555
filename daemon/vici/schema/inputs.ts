import type { SectionLevel } from '../../config/feature-status.ts';
import { KEY_STATUS } from '../../config/feature-status.ts';
import { KEY_DOCS, type KeyDoc } from '../../config/key-docs.ts';
import { type Field, type Fields, section, text, texts } from './fields.ts';

const LEVEL_NAMES: Readonly<Record<SectionLevel, string>> = {
  connection: 'Connection',
  local: 'LocalRound',
  remote: 'RemoteRound',
  child: 'Child',
};

/** The keys of a section of a connection, as `load-conn` takes them: those of swanctl.conf. */
function keysOf(level: SectionLevel): Fields {
  return Object.fromEntries(
    [...KEY_STATUS[level].keys()].flatMap((name): [string, Field][] => {
      const entry = KEY_DOCS[level][name];
      return entry === undefined ? [] : [[name, fieldOf(entry)]];
    }),
  );
}

function fieldOf({ type, doc, fallback }: KeyDoc): Field {
  const octets = type === 'blobs' ? ' Here: the octets of the files, PEM or DER.' : '';
  const full = `${doc}${octets}${fallback === '' ? '' : ` Default: ${fallback}.`}`;
  const base = { optional: true, doc: full };
  if (typeof type !== 'string') return { kind: 'enum', values: type, ...base };
  switch (type) {
    case 'number':
    case 'time':
    case 'size':
    case 'switch':
    case 'texts':
    case 'blobs':
      return { kind: type, ...base };
    default:
      return { kind: 'text', ...base };
  }
}

const describe = (level: SectionLevel, doc: string, more: Fields = {}) =>
  section(LEVEL_NAMES[level], doc, { ...keysOf(level), ...more });

/** A `local…` section. */
export const LOCAL_INPUT = describe('local', 'A round of our authentication.');
/** A `remote…` section. */
export const REMOTE_INPUT = describe('remote', 'A round of the authentication of the peer.');
/** A section in `children`. */
export const CHILD_INPUT = describe('child', 'The configuration of a CHILD_SA.');

/** A connection to load. */
export const CONNECTION_INPUT = describe('connection', 'A connection of swanctl.conf.', {
  local: { kind: 'section', section: LOCAL_INPUT, optional: true, doc: 'The first round.' },
  'local-': { kind: 'items', prefix: 'local-', section: LOCAL_INPUT, optional: true, doc: '' },
  remote: { kind: 'section', section: REMOTE_INPUT, optional: true, doc: 'The first round.' },
  'remote-': { kind: 'items', prefix: 'remote-', section: REMOTE_INPUT, optional: true, doc: '' },
  children: { kind: 'named', section: CHILD_INPUT, optional: true, doc: 'CHILD_SAs by name.' },
});

const attribute = (doc: string): Field => ({ ...texts(doc), optional: true });

/** A pool to load. */
export const POOL_INPUT = section('Pool', 'A pool of virtual addresses.', {
  addrs: text('A subnet, an address or a range from-to.'),
  address: attribute('Addresses.'),
  dns: attribute('DNS servers.'),
  nbns: attribute('WINS servers.'),
  dhcp: attribute('DHCP servers.'),
  netmask: attribute('Netmask.'),
  server: attribute('Servers of the inner network.'),
  subnet: attribute('Subnets behind this gateway.'),
  p_cscf: attribute('SIP servers.'),
  split_include: attribute('Subnets to reach through the tunnel.'),
  split_exclude: attribute('Subnets to reach without it.'),
  '<number>': { kind: 'texts-by-name', optional: true, doc: 'Other attributes by their number.' },
});

/** A certification authority to load. */
export const AUTHORITY_INPUT = section('Authority', 'A certification authority.', {
  cacert: { kind: 'octets', optional: true, doc: 'Its certificate, PEM or DER.' },
  file: {
    ...text('Its certificate as a file of the host of the daemon; ours refuses that, send cacert.'),
    optional: true,
  },
  handle: { ...text('Its certificate on a token; not supported by this daemon.'), optional: true },
  slot: { kind: 'number', optional: true, doc: 'Slot of the token.' },
  module: { ...text('PKCS#11 module of the token.'), optional: true },
  crl_uris: attribute('Where CRLs are.'),
  ocsp_uris: attribute('Where OCSP is answered.'),
  cert_uri_base: { ...text('What hash-and-URL certificates begin with.'), optional: true },
});
