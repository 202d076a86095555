import {
  type Field,
  flag,
  maybe,
  named,
  number,
  one,
  oneOf,
  rest,
  section,
  text,
  texts,
} from './fields.ts';

const KEYS = texts('Keys of swanctl.conf that have another value.');

const AFFECTED_SA = section('AffectedSa', 'An IKE_SA that a change concerns.', {
  name: text('Its connection.'),
  uniqueid: number(),
  ike: flag('The IKE_SA itself is concerned, not only its CHILD_SAs.'),
  children: texts('Its CHILD_SAs that are concerned, as name{number}.'),
});

const AFFECTED = section('AffectedSas', 'SAs that a change concerns.', {
  'ike-sas': number('How many IKE_SAs there are in all.'),
  some: rest(AFFECTED_SA, 'The first 16 of them, by name and number.'),
});

const CHILD_CHANGE = section('ChildChange', 'What loading changes in a child.', {
  outcome: oneOf(['added', 'changed', 'removed']),
  keys: KEYS,
});

const CONNECTION_CHANGE = section('ConnectionChange', 'What loading changes in a connection.', {
  outcome: oneOf(['added', 'updated', 'replaced', 'unchanged', 'removed']),
  keys: KEYS,
  children: named(CHILD_CHANGE, 'Children that are not what they were.'),
  closed: maybe(one(AFFECTED, 'SAs that start_action had brought up, which are closed.')),
  kept: maybe(one(AFFECTED, 'SAs that go on under the old settings.')),
});

const ITEM_CHANGE = section('ItemChange', 'What loading changes in a pool or an authority.', {
  outcome: oneOf(['added', 'updated', 'replaced', 'unchanged', 'removed']),
  keys: KEYS,
});

/** What was or would be changed, by the names of connections. */
export const CONNECTION_CHANGES: Field = named(CONNECTION_CHANGE, 'By name.');
/** What was or would be changed, by the names of pools or authorities. */
export const ITEM_CHANGES: Field = named(ITEM_CHANGE, 'By name.');
