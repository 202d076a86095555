import { type Fields, items, maybe, named, number, oneOf, section, text } from './fields.ts';
import { CHILD_STATES, IKE_STATES } from './sas.ts';

/** Why something could not be established. */
export const FAILURE_KINDS = [
  'unresolved',
  'no-address',
  'no-route',
  'silence',
  'refused',
  'proposal',
  'identity',
  'method',
  'no-secret',
  'wrong-secret',
  'no-private-key',
  'no-certificate',
  'no-issuer',
  'expired',
  'revoked',
  'untrusted',
  'selectors',
  'virtual-ip',
  'no-connection',
  'limits',
  'unfinished',
  'kernel',
  'ended',
  'other',
];

const ROLE = oneOf(['initiator', 'responder']);
const HINT: Fields = { hint: maybe(text('What to change, in a sentence.')) };

const DIFFERENCE = section(
  'ExplainedDifference',
  'One thing that the two sides want differently.',
  {
    what: text('Such as key exchange.'),
    ours: text(),
    theirs: text(),
  },
);

const ENDED: Fields = { differences: items(DIFFERENCE), ...HINT };

const HAPPENED: Fields = {
  step: oneOf(
    ['lookup', 'IKE_SA_INIT', 'IKE_INTERMEDIATE', 'IKE_AUTH', 'CREATE_CHILD_SA', 'established'],
    'How far it came.',
  ),
  kind: oneOf(FAILURE_KINDS),
  reason: text('One sentence, as in the log.'),
  notify: maybe(text('Of the peer to us as initiator, ours as responder.')),
  age: number('Seconds since the last time.'),
  since: number('Seconds since the first time.'),
  times: number('How often it happened in a row.'),
  local: text('Own address and port.'),
  remote: text('Address and port of the peer.'),
  'remote-id': maybe(text('Identity of the peer.')),
};

const SA = section('ExplainedSa', 'An IKE_SA that is there now.', {
  state: oneOf(IKE_STATES),
  role: ROLE,
  local: text('Own address and port.'),
  remote: text('Address and port of the peer.'),
  try: maybe(number('Which of the tries to set it up this is.')),
  tries: maybe(number('How many there will be; 0 for no end.')),
  'retry-in': maybe(number('Seconds until it tries again.')),
});

const CHILD = section('ExplainedChild', 'A child of the configuration, and what there is of it.', {
  state: oneOf([...CHILD_STATES, 'trap', 'pass', 'drop', 'down']),
});

const MISSING = section('ExplainedNeed', 'What a connection needs and does not have.', {
  kind: oneOf(FAILURE_KINDS),
  reason: text(),
  subject: maybe(text('Whom or what it is about.')),
  ...HINT,
});

const ATTEMPT = section('ExplainedAttempt', 'An attempt that failed.', {
  role: ROLE,
  ...HAPPENED,
  subject: maybe(text('Whom or what it is about.')),
  child: maybe(text('The child it is about.')),
  'local-id': maybe(text('Own identity.')),
  ...ENDED,
});

const SUSPECT = section('ExplainedSuspect', 'A refused peer that may have meant the connection.', {
  ...HAPPENED,
  ...ENDED,
});

/** Why a connection is not up. */
export const EXPLANATION: Fields = {
  name: text('Of the connection; what was asked for if there is none.'),
  state: oneOf(['up', 'partly', 'connecting', 'waiting', 'trapped', 'down', 'unknown']),
  summary: text('One sentence.'),
  ...HINT,
  'ike-sas': named(SA, 'By number.'),
  children: named(CHILD, 'By name.'),
  missing: items(MISSING),
  attempts: items(ATTEMPT, '', 'The last first.'),
  suspects: items(SUSPECT, '', 'The last first.'),
};
