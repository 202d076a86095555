import { printPosition } from '../../config/conf-tree.ts';
import type { ConnValues } from './conn-values.ts';
import { inFolder, isShunt } from './conn-words.ts';
import type { Draft } from './draft.ts';
import { rawKeyText } from './raw-keys.ts';

/** Which half of a conn. */
export type Side = 'left' | 'right';

/** Which side is which, and what is the same for all conns. */
export interface AuthContext {
  readonly local: Side;
  readonly remote: Side;
  readonly strict: 'yes' | 'no' | 'ifuri';
  readonly folder: string;
  /** Takes sentences about what cannot be said exactly. */
  readonly warnings: string[];
}

/** Writes the `local` and `remote` sections of a conn, one for each round. */
export function authRounds(draft: Draft, values: ConnValues, cx: AuthContext): void {
  for (const [side, name] of [
    [cx.local, 'local'],
    [cx.remote, 'remote'],
  ] as const) {
    round(draft, values, cx, side, name, '');
    if (values.get(`${side}auth2`) !== undefined) round(draft, values, cx, side, name, '2');
  }
}

function round(
  connection: Draft,
  values: ConnValues,
  cx: AuthContext,
  side: Side,
  name: 'local' | 'remote',
  number: '' | '2',
): void {
  const at = (keyword: string): string => `${side}${keyword}${number}`;
  const auth = method(values, side, number);
  const section = connection.sub(number === '' ? name : `${name}-2`, values.section.position);
  if (number === '2') section.set('round', '2', values.place(at('auth')));
  section.set('auth', auth, values.place(at('auth')));
  identity(section, values, cx, { side, name, number });
  files(section, values, at('cert'), 'certs', `${cx.folder}/certs`);
  if (number === '') files(section, values, `${side}sigkey`, 'pubkeys', `${cx.folder}/certs`);
  if (auth.startsWith('eap')) eapIdentities(section, values, name);
  if (name === 'local') return;
  authority(section, values, side, number);
  section.copy('cert_policy', values.get(`${side}certpolicy`));
  section.copy('groups', values.get(at('groups')));
  if (cx.strict !== 'no') {
    section.set('revocation', cx.strict === 'yes' ? 'strict' : 'ifuri', values.section.position);
  }
}

interface Round {
  readonly side: Side;
  readonly name: 'local' | 'remote';
  readonly number: '' | '2';
}

// Who the peer must be, if nothing says so, is who has its address: anybody whom a CA certified is more than ipsec.conf means.
function identity(
  section: Draft,
  values: ConnValues,
  cx: AuthContext,
  { side, name, number }: Round,
): void {
  const id = values.get(`${side}id${number}`) ?? values.get(`${side}id`);
  if (id === undefined) {
    const [address, ...more] = values.items(side);
    const single = address !== undefined && more.length === 0 && /^[^%/-]+$/.test(address);
    const certified = values.get(`${side}cert${number}`) ?? values.get(`${side}cert`);
    if (single && certified === undefined) section.set('id', address, values.place(side));
    return;
  }
  const lax = /^%(?!any)/.test(id.text);
  if (lax && name === 'remote') {
    cx.warnings.push(
      `${printPosition(id.position)}: ${side}id=${id.text}: the peer must have the identity without the %`,
    );
  }
  section.set('id', lax ? id.text.slice(1) : id.text, id.position);
}

function method(values: ConnValues, side: Side, number: '' | '2'): string {
  const text = values.text(`${side}auth${number}`);
  if (text !== undefined) {
    if (/^xauth/i.test(text)) {
      values.fail(`${side}auth${number}`, `found '${text}', which belongs to IKEv1`);
    }
    return text;
  }
  const by = values.text('authby') ?? 'pubkey';
  if (by === 'psk' || by === 'secret') return 'psk';
  if (['pubkey', 'rsasig', 'ecdsasig', 'rsa', 'ecdsa'].includes(by)) return 'pubkey';
  if (by === 'never' && isShunt(values)) return 'pubkey';
  if (by === 'never') {
    return values.fail('authby', 'found never, which goes with type=passthrough or type=drop only');
  }
  if (by.startsWith('xauth')) values.fail('authby', `found '${by}', which belongs to IKEv1`);
  return values.fail('authby', `found '${by}', expected pubkey, rsasig, ecdsasig, psk or secret`);
}

function files(
  section: Draft,
  values: ConnValues,
  keyword: string,
  option: string,
  folder: string,
): void {
  const items = values.items(keyword).map((item) => {
    if (item.startsWith('%')) {
      return values.fail(keyword, `found '${item}': smartcards are not supported, name a file`);
    }
    if (option !== 'pubkeys' || !/^(?:dns:|ssh:)?0[xs]/i.test(item)) return inFolder(item, folder);
    return (
      rawKeyText(item) ?? values.fail(keyword, 'found a key that is none, expected 0x or 0s, a key')
    );
  });
  if (items.length > 0) section.set(option, items.join(', '), values.place(keyword));
}

function eapIdentities(section: Draft, values: ConnValues, name: 'local' | 'remote'): void {
  const identity = values.get('eap_identity');
  if (identity !== undefined) {
    const asked = ['%identity', '%any'].includes(identity.text);
    if (name === 'remote' || !asked) {
      section.set('eap_id', asked ? '%any' : identity.text, identity.position);
    }
  }
  if (name === 'local') section.copy('aaa_id', values.get('aaa_identity'));
}

function authority(section: Draft, values: ConnValues, side: Side, number: '' | '2'): void {
  const keyword = `${side}ca${number}`;
  const text = values.text(keyword);
  if (text === undefined) return;
  const otherSide = side === 'left' ? 'right' : 'left';
  const meant = text === '%same' ? values.text(`${otherSide}ca${number}`) : text;
  if (meant !== undefined && meant !== '%any') section.set('ca_id', meant, values.place(keyword));
}
