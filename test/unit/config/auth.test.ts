import { describe, expect, test } from 'vitest';
import { parseConnection } from '../../../daemon/config/connection.ts';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import type { CredentialReader } from '../../../daemon/config/credential-reader.ts';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { parseIdentity, printIdentity } from '../../../daemon/proto/identity-text.ts';
import { latin1, utf8 } from '../../../daemon/util/bytes.ts';
import { testCrypto } from '../../support/vici.ts';

/** A "certificate" is the text of its subject. */
const credentials: CredentialReader = {
  certificate: (blob) => {
    const text = latin1(blob);
    if (!text.startsWith('CN=')) return { ok: false, reason: `'${text}' is no certificate` };
    return {
      ok: true,
      value: { der: blob, subject: parseIdentity(text, { allowRegex: false }), chain: [] },
    };
  },
  publicKey: (blob) =>
    blob.length > 4 ? { ok: true, value: blob } : { ok: false, reason: 'too short for a key' },
};

const load = (...entries: Tree): ConnectionConfig =>
  parseConnection('gw', entries, { crypto: testCrypto, credentials }).config;
const remote = (...entries: Tree): ConnectionConfig => load(section('remote', entries));
const cert = (text: string) => utf8(text);

describe('rounds of authentication', () => {
  test('a section without auth uses public keys, a missing one anything', () => {
    expect(remote(value('id', 'moon.example.org')).remote).toMatchObject([
      { class: 'pubkey', auth: 'pubkey' },
    ]);
    expect(load().local).toMatchObject([{ class: 'any' }]);
  });

  test('the subject of the first certificate is the identity unless one is given', () => {
    const certs = list('certs', [cert('CN=moon'), cert('CN=other')]);
    const round = remote(certs).remote[0];
    expect(round?.id && printIdentity(round.id)).toBe('CN=moon');
    const named = remote(certs, value('id', 'moon.example.org')).remote[0];
    expect(named?.id && printIdentity(named.id)).toBe('moon.example.org');
    expect(named?.certs.map(({ subject }) => printIdentity(subject))).toEqual([
      'CN=moon',
      'CN=other',
    ]);
  });

  test('rounds are ordered by their number, equal ones as they stand', () => {
    const { local } = load(
      section('local-b', [value('auth', 'psk'), value('round', '2')]),
      section('local-a', [value('auth', 'pubkey'), value('round', '1')]),
      section('local-c', [value('auth', 'rsa-sha256'), value('round', '2')]),
    );
    expect(local.map(({ auth }) => auth)).toEqual(['pubkey', 'psk', 'rsa-sha256']);
  });

  test('more rounds than anybody needs are refused', () => {
    const many = Array.from({ length: 9 }, (_, i) =>
      section(`local-${i}`, [value('auth', 'pubkey')]),
    );
    expect(() => load(...many)).toThrow('invalid section: local: 9 rounds');
  });

  test.each([
    ['ed25519', "write 'ike:ed25519'"],
    ['any', 'none of: psk, pubkey, rsa, ecdsa'],
    ['Pubkey', 'none of: psk, pubkey'],
    ['rsa-sha3', "'sha3' is none of"],
    ['eap-tls', 'EAP'],
    ['xauth', 'IKEv1'],
  ])('auth = %s is refused with what is allowed', (auth, reason) => {
    expect(() => remote(value('auth', auth))).toThrow(
      new RegExp(`^invalid value for: auth, config discarded: .*${reason}`),
    );
  });

  test('what cannot be read is named', () => {
    expect(() => remote(list('cacerts', [cert('garbage')]))).toThrow(
      "invalid value for: cacerts, config discarded: 'garbage' is no certificate",
    );
    expect(() => remote(list('pubkeys', [cert('x')]))).toThrow(
      'invalid value for: pubkeys, config discarded: too short for a key',
    );
    expect(() => remote(list('cert_policy', ['1.2.x']))).toThrow(
      "invalid value for: cert_policy, config discarded: '1.2.x' is no object identifier",
    );
  });

  test.each([
    ['cert-1', 'certs'],
    ['cacert', 'cacerts'],
  ])('SEC-41: a file of section %s is not opened by the daemon', (name, key) => {
    const tree = section(name, [value('file', '/etc/shadow')]);
    expect(() => remote(tree)).toThrow(`name the file in ${key} = `);
    expect(() => load(section('local', [section('cacert', [])]))).toThrow('invalid section');
  });

  test.each(['certs', 'cacerts', 'pubkeys', 'groups', 'cert_policy'])(
    'a shared secret cannot meet a demand of %s',
    (key) => {
      const item = key === 'cert_policy' ? '1.2.3' : 'CN=moon';
      expect(() => remote(value('auth', 'psk'), list(key, [utf8(item)]))).toThrow(
        `invalid value for: ${key}`,
      );
    },
  );

  test('nor can it be revoked, or come from a CA', () => {
    expect(() => remote(value('auth', 'psk'), value('revocation', 'strict'))).toThrow(
      'invalid value for: revocation',
    );
    expect(() => remote(value('auth', 'psk'), value('ca_id', 'CN=ca'))).toThrow(
      'invalid value for: ca_id',
    );
  });

  test('SEC-34: null stands alone, and promises to check nothing', () => {
    expect(remote(value('auth', 'null')).remote).toMatchObject([{ class: 'null' }]);
    expect(() => remote(value('auth', 'null'), value('id', 'moon'))).toThrow(
      'invalid value for: auth, config discarded: null proves nothing',
    );
    expect(() => remote(value('auth', 'null'), list('cacerts', [cert('CN=ca')]))).toThrow(
      'null proves nothing',
    );
    expect(() =>
      load(
        section('remote-1', [value('auth', 'pubkey')]),
        section('remote-2', [value('auth', 'null')]),
      ),
    ).toThrow('can be the only round');
  });
});
