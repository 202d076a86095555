import { findText, type Tree } from '../../../daemon/config/tree.ts';

/** Whether a key has to be in a message, must not be, or depends on more than the message. */
export type Presence = 'must' | 'must not' | 'may';

const MUST = new Set([
  'always',
  'always (may be empty)',
  'always, may be empty',
  'exactly one',
  'exactly one; just <child> for shunts without a namespace',
  'if counters are available',
]);
const NAT = ['nat-local', 'nat-remote', 'nat-fake'];

/** What the reference's words about the presence of a key mean for a message, of which `siblings` are the keys beside it. */
export function presenceOf(words: string, siblings: Tree): Presence {
  if (MUST.has(words)) return 'must';
  const text = (name: string): string | undefined => findText(siblings, name);
  const iff = (condition: boolean): Presence => (condition ? 'must' : 'must not');
  const [first = '', ...more] = words.split('; ');
  const states = /^only in states? ([A-Z, ]+[A-Z])( and .*)?$/.exec(first);
  if (states !== null) {
    const [, names = '', also] = states;
    if (!names.split(', ').includes(text('state') ?? '')) return 'must not';
    if (/^only with mark-(in|out) /.test(more[0] ?? '')) {
      return text(/mark-(in|out)/.exec(words)?.[0] ?? '') === undefined ? 'must not' : 'may';
    }
    return more.length === 0 && also === undefined ? 'must' : 'may';
  }
  switch (words) {
    case 'only when success=no':
      return iff(text('success') === 'no');
    case 'on success':
      return iff(text('success') === 'yes');
    case 'if any of the three above holds':
      return iff(NAT.some((name) => text(name) !== undefined));
    case 'type X509 only':
      return iff(text('type') === 'X509');
    case 'once a proposal is selected':
      return text('state') === 'ESTABLISHED' ? 'must' : 'may';
    default:
      return 'may';
  }
}

/** Words after which a key never holds nothing: a number that is not zero, a list with items. */
export function neverNothing(words: string): boolean {
  return words.endsWith('only if non-zero') || words === 'only if non-empty' || words === 'if any';
}

/** Words after which there is exactly one such key. */
export function exactlyOne(words: string): boolean {
  return words.startsWith('exactly one');
}
