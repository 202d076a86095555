import {
  KEY_STATUS,
  type KeyStatus,
  type SectionLevel,
} from '../../../daemon/config/feature-status.ts';
import { KEY_DOCS, type KeyDoc, type KeyType } from '../../../daemon/config/key-docs.ts';
import type { Fields } from '../../../daemon/vici/schema/fields.ts';
import { AUTHORITY_INPUT, POOL_INPUT } from '../../../daemon/vici/schema/inputs.ts';
import {
  bold,
  entry,
  example,
  head,
  italic,
  paragraph,
  plain,
  prose,
  section,
  seeAlso,
} from './roff.ts';
import { CREDENTIAL_FOLDERS, SECRETS } from './secret-docs.ts';

const EXAMPLE = `connections {
    gw {
        remote_addrs = 192.0.2.1
        local {
            auth = psk
            id = sun.example
        }
        remote {
            auth = psk
            id = moon.example
        }
        children {
            net {
                remote_ts = 10.1.0.0/16
                start_action = trap
            }
        }
    }
}
secrets {
    ike-gw {
        id-1 = sun.example
        id-2 = moon.example
        secret = 0sv+NkxY9LLZvwj4qCC2o/gGrWDF2d21jL
    }
}
`;

const FORMS: Readonly<Record<Extract<KeyType, string>, string>> = {
  text: '',
  number: 'A whole number.',
  switch: 'Either yes or no.',
  time: 'A time: seconds, or a number and s, m, h or d.',
  size: 'An amount of data: octets, or a number and k, m or g.',
  texts: 'A list, separated by commas.',
  blobs: 'A list, separated by commas.',
};

const PLACES: readonly (readonly [level: SectionLevel, place: string, what: string])[] = [
  ['connection', 'connections.<conn>', 'A connection: the IKE_SA to one peer or a kind of peers.'],
  [
    'local',
    'connections.<conn>.local<suffix>',
    'How this end authenticates. A second section, such as local-2, is a second round.',
  ],
  [
    'remote',
    'connections.<conn>.remote<suffix>',
    'How the peer must authenticate. A second section is a second round.',
  ],
  [
    'child',
    'connections.<conn>.children.<child>',
    'A CHILD_SA: traffic, and what is done with it.',
  ],
];

/** swanctl.conf(5). */
export function swanctlConfManual(version: string): string {
  return [
    head(
      'swanctl.conf',
      5,
      version,
      'configuration of IPsec connections, secrets, pools and authorities',
    ),
    section(
      'DESCRIPTION',
      paragraph(
        prose(
          'swanctl(8) reads this file and loads it into the daemon. It consists of sections in braces and of keys with values. A comment begins with a number sign and ends with the line. Values with special characters stand in double quotes. Other files are read in with include and a pattern, relative to the file. A section takes the keys of others that are named behind a colon after its name.',
        ),
      ),
      paragraph(
        prose(
          'Below, names in angle brackets are free. Keys that are not known refuse the section they stand in.',
        ),
      ),
    ),
    section('EXAMPLE', example(EXAMPLE)),
    ...PLACES.map(([level, place, what]) =>
      section(
        place.toUpperCase() === place ? place : plain(place),
        paragraph(prose(what)),
        ...[...KEY_STATUS[level]].map(([name, status]) =>
          key(`${place}.${name}`, status, KEY_DOCS[level][name]),
        ),
      ),
    ),
    section(
      plain('secrets'),
      paragraph(
        prose('Shared secrets and passphrases. The suffix keeps sections of a kind apart.'),
      ),
      ...SECRETS.flatMap(([kind, what, keys]) => [
        entry(bold(`secrets.${kind}<suffix>`), prose(what)),
        ...keys.map(([name, doc]) => entry(bold(`secrets.${kind}<suffix>.${name}`), prose(doc))),
      ]),
    ),
    section(
      plain('pools.<name>'),
      paragraph(prose('Virtual addresses and what peers are told with them.')),
      ...fields('pools.<name>', POOL_INPUT.fields),
    ),
    section(
      plain('authorities.<name>'),
      paragraph(prose('What is known of a certification authority besides its certificate.')),
      ...fields('authorities.<name>', AUTHORITY_INPUT.fields),
    ),
    section(
      'FILES',
      entry(bold('/etc/swanctl/swanctl.conf'), prose('This file.')),
      ...CREDENTIAL_FOLDERS.map(([folder, what]) =>
        entry(bold(`/etc/swanctl/${folder}/`), prose(what)),
      ),
    ),
    seeAlso('swanctl(8)', 'charon-ts(8)'),
  ].join('');
}

function key(path: string, status: KeyStatus, docs: KeyDoc | undefined): string {
  const { type = 'text', doc = '', fallback = '' } = docs ?? {};
  const values = typeof type === 'string' ? '' : ` One of ${type.join(', ')}.`;
  const form = typeof type === 'string' && FORMS[type] !== '' ? ` ${FORMS[type]}` : '';
  const lacking =
    status.effect === 'yes'
      ? ''
      : ` ${status.effect === 'warned' ? 'Read, but not in effect' : 'Refused'}: ${status.reason}.`;
  const term = bold(path) + (fallback === '' ? '' : ` [${italic(fallback)}]`);
  return entry(term, prose(`${doc}${form}${values}${lacking}`));
}

function fields(place: string, table: Fields): readonly string[] {
  return Object.entries(table).map(([name, { doc, kind }]) => {
    const list =
      kind === 'texts' || kind === 'texts-by-name' ? ' A list, separated by commas.' : '';
    return entry(bold(`${place}.${name}`), prose(`${inFile(name, doc)}${list}`));
  });
}

/** The file names what a request contains. */
const inFile = (name: string, doc: string): string =>
  name === 'cacert' ? 'Its certificate: a file, absolute or in x509ca/.' : doc;
