/**
 * Which values of a message are numbers, and which octets: everything else is text. A section that is not named in `within` is read
 * as `each` says: sections of messages are often named by what they describe.
 */
export interface FieldTypes {
  /** Names of values that are decimal numbers; `all`: every value is. */
  readonly numbers?: readonly string[] | 'all';
  /** Names of values that are octets and no text. */
  readonly octets?: readonly string[];
  readonly within?: Readonly<Record<string, FieldTypes>>;
  readonly each?: FieldTypes;
}

const CHILD_SA: FieldTypes = {
  numbers: [
    'uniqueid',
    'reqid',
    'cpu',
    'encr-keysize',
    'integ-keysize',
    'bytes-in',
    'packets-in',
    'use-in',
    'bytes-out',
    'packets-out',
    'use-out',
    'rekey-time',
    'life-time',
    'install-time',
  ],
};

const IKE_SA: FieldTypes = {
  numbers: [
    'uniqueid',
    'version',
    'local-port',
    'remote-port',
    'encr-keysize',
    'integ-keysize',
    'established',
    'rekey-time',
    'reauth-time',
  ],
  within: { 'child-sas': { each: CHILD_SA } },
};

const CONNECTION: FieldTypes = {
  numbers: ['local_port', 'remote_port', 'reauth_time', 'rekey_time', 'dpd_delay', 'dpd_timeout'],
  within: {
    children: { each: { numbers: ['rekey_time', 'rekey_bytes', 'rekey_packets', 'priority'] } },
  },
  // The rounds of authentication.
  each: { numbers: ['eap-vendor'] },
};

const PRIORITIES: FieldTypes = { numbers: 'all' };

/** Types of what events carry, by their names. */
export const EVENT_FIELDS = {
  'list-sa': { each: IKE_SA },
  'list-conn': { each: CONNECTION },
  'list-policy': { each: { numbers: ['reqid'] } },
  'list-cert': { octets: ['data'] },
  'list-authority': {},
  'ike-updown': { each: IKE_SA },
  'child-updown': { each: IKE_SA },
  log: { numbers: ['level', 'thread', 'ikesa-uniqueid'] },
} as const satisfies Readonly<Record<string, FieldTypes>>;

/** Types of what answers carry, by the names of the commands. */
export const ANSWER_FIELDS = {
  version: {},
  stats: {
    numbers: ['scheduled'],
    within: {
      workers: { numbers: 'all', within: { active: PRIORITIES } },
      queues: PRIORITIES,
      ikesas: PRIORITIES,
      mem: { numbers: 'all', each: { numbers: 'all' } },
      mallinfo: { numbers: 'all' },
    },
  },
  'get-pools': { each: { numbers: ['size', 'online', 'offline'] } },
  'get-algorithms': {},
  'get-counters': { within: { counters: { each: { numbers: 'all' } } } },
} as const satisfies Readonly<Record<string, FieldTypes>>;

const HAPPENED: FieldTypes = { numbers: ['age', 'since', 'times'] };

/** The same of commands that are ours. */
export const OWN_ANSWER_FIELDS = {
  explain: {
    within: {
      'ike-sas': { each: { numbers: ['try', 'tries', 'retry-in'] } },
      attempts: { each: HAPPENED },
      suspects: { each: HAPPENED },
    },
  },
} as const satisfies Readonly<Record<string, FieldTypes>>;
