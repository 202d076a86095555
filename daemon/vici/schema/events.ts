import {
  type Fields,
  flag,
  maybe,
  type NamedSection,
  named,
  number,
  oneOf,
  type SectionSchema,
  section,
  text,
} from './fields.ts';
import { AUTHORITY, CERTIFICATE, CONNECTION, POLICY } from './listings.ts';
import { IKE_CHANGE, IKE_KEYS_ONLY, IKE_SA, IKE_SA_CHILD_CHANGE } from './sas.ts';

/** An event: its keys and the section beside them, if there is one. */
export interface EventSchema {
  readonly name: string;
  readonly doc: string;
  readonly fields: Fields;
  /** The section named like a connection, policy or authority. */
  readonly named?: NamedSection;
  /** Sent to whoever asked with a command, or to everybody who registered. */
  readonly scope: 'command' | 'global';
  /** Not an event of strongSwan. */
  readonly ours?: boolean;
}

const GROUPS = [
  'DMN',
  'MGR',
  'IKE',
  'CHD',
  'JOB',
  'WCH',
  'CFG',
  'KNL',
  'NET',
  'ASN',
  'ENC',
  'TNC',
  'IMC',
  'IMV',
  'PTS',
  'TLS',
  'APP',
  'ESP',
  'LIB',
  'ANY',
];

const ALERTS = [
  'radius-not-responding',
  'shutdown-signal',
  'local-auth-failed',
  'peer-auth-failed',
  'peer-addr-failed',
  'peer-init-unreachable',
  'invalid-ike-spi',
  'parse-error-header',
  'parse-error-body',
  'retransmit-send',
  'retransmit-send-cleared',
  'retransmit-send-timeout',
  'retransmit-receive',
  'half-open-timeout',
  'proposal-mismatch-ike',
  'proposal-mismatch-child',
  'ts-mismatch',
  'ts-narrowed',
  'install-child-sa-failed',
  'install-child-policy-failed',
  'unique-replace',
  'unique-keep',
  'keep-on-child-sa-failure',
  'vip-failure',
  'authorization-failed',
  'ike-sa-expired',
  'cert-expired',
  'cert-revoked',
  'cert-validation-failed',
  'cert-no-issuer',
  'cert-untrusted-root',
  'cert-exceeded-path-len',
  'cert-policy-violation',
];

const IKE_OF_LINE: Fields = {
  'ikesa-name': maybe(text('Connection of the IKE_SA it is about.')),
  'ikesa-uniqueid': maybe(number('Number of the IKE_SA it is about.')),
};

const GROUP = oneOf(GROUPS, 'Part of the daemon that speaks.');
const UP: Fields = { up: flag('Whether it came or went.') };
const NO_KEYS: Fields = {};

const streamed = (name: string, as: string, schema: SectionSchema, doc: string): EventSchema => ({
  name,
  doc,
  fields: NO_KEYS,
  named: { as, section: schema },
  scope: 'command',
});

const change = (name: string, fields: Fields, schema: SectionSchema, doc: string): EventSchema => ({
  name,
  doc,
  fields,
  named: { as: 'ike', section: schema },
  scope: 'global',
});

/** Every event. */
export const EVENT_SCHEMAS: readonly EventSchema[] = [
  {
    name: 'log',
    doc: 'A line of the log of level 0 or 1.',
    fields: {
      group: GROUP,
      level: number(),
      thread: number(),
      ...IKE_OF_LINE,
      msg: text('May have several lines.'),
    },
    scope: 'global',
  },
  {
    name: 'control-log',
    doc: 'A line of the log about the SA that a command works on.',
    fields: { group: GROUP, level: number(), ...IKE_OF_LINE, msg: text() },
    scope: 'command',
  },
  streamed('list-sa', 'ike', IKE_SA, 'An IKE_SA; `name` is its connection.'),
  streamed('list-policy', 'policy', POLICY, 'A trap or shunt; `name` is ike/child.'),
  streamed('list-conn', 'connection', CONNECTION, 'A loaded connection.'),
  {
    name: 'list-cert',
    doc: CERTIFICATE.doc,
    fields: CERTIFICATE.fields,
    scope: 'command',
  },
  streamed('list-authority', 'authority', AUTHORITY, 'A certification authority.'),
  change('ike-updown', UP, IKE_KEYS_ONLY, 'An IKE_SA was established or goes.'),
  change('ike-rekey', NO_KEYS, IKE_CHANGE, 'An IKE_SA was rekeyed.'),
  change(
    'ike-update',
    {
      'local-host': text(),
      'local-port': number(),
      'remote-host': text(),
      'remote-port': number(),
    },
    IKE_KEYS_ONLY,
    'The addresses of an IKE_SA change to these; `ike` has the old ones.',
  ),
  change('child-updown', UP, IKE_SA, 'A CHILD_SA was installed or goes, but not by rekeying.'),
  change('child-rekey', NO_KEYS, IKE_SA_CHILD_CHANGE, 'A CHILD_SA was rekeyed.'),
  ...['installed', 'rekeyed', 'destroying'].map(
    (state): EventSchema => ({
      ...change(
        `child-state-${state}`,
        UP,
        IKE_SA,
        'Each CHILD_SA by itself, also those that rekeying brings and takes.',
      ),
      ours: true,
    }),
  ),
  {
    name: 'alert',
    doc: 'Something went wrong.',
    fields: {
      type: oneOf(ALERTS),
      'ike-sa': named(IKE_KEYS_ONLY, 'The IKE_SA it happened to, if any, by its connection.'),
    },
    scope: 'global',
  },
];

/** The type of an event's data: `ike-updown` is `IkeUpdownEvent`. */
export function eventSection({ name, doc, fields }: EventSchema): SectionSchema {
  return section(`${pascal(name)}Event`, doc, fields);
}

/** `list-sas` as `ListSas`. */
export function pascal(name: string): string {
  return name.replace(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
