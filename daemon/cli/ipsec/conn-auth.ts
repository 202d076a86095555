import type { ConnValues } from './conn-values.ts';
import { inFolder } from './conn-words.ts';
import type { Draft } from './draft.ts';

/** Which half of a conn. */
export type Side = 'left' | 'right';

/** Which side is which, and what is the same for all conns. */
export interface AuthContext {
  readonly local: Side;
  readonly remote: Side;
  readonly strict: 'yes' | 'no' | 'ifuri';
  readonly folder: string;
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
  const id = values.get(at('id')) ?? values.get(`${side}id`);
  if (id !== undefined) section.set('id', id.text.replace(/^%(?!any)/, ''), id.position);
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
    return /^0[xs]/i.test(item) ? item : inFolder(item.replace(/^(dns|ssh):/, ''), folder);
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
