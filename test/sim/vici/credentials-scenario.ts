import { expect } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { TestAuthority } from '../../support/revocation-pki.ts';
import { caDer, newKey } from '../../support/test-certificates.ts';
import type { Plain } from '../../support/vici.ts';
import { attributeCertificate } from '../../support/x509-samples.ts';
import { World } from '../world.ts';
import type { Auditor } from './auditor.ts';
import { Operator, tree } from './operator.ts';

const YES = { success: 'yes' };
const DAY = 86_400_000;

/** Credentials of every kind loaded, listed by type, flag and subject, and removed again. */
export async function credentials(auditor: Auditor): Promise<void> {
  await using world = new World();
  await using operator = await Operator.of(world, await world.host('moon', ['192.0.2.1']), auditor);
  const now = world.clock.wallClock();
  const ca = TestAuthority.root('root', now);
  const holder = ca.issue('moon', 7, now);
  const load = (type: string, data: Uint8Array, flag?: string): Promise<object> =>
    operator.told('load-cert', [
      value('type', type),
      ...(flag === undefined ? [] : [value('flag', flag)]),
      value('data', data),
    ]);
  const listed = async (...input: Tree): Promise<readonly string[]> =>
    (await operator.stream('list-certs', 'list-cert', input)).map(summary);

  expect(await load('X509', ca.certificate.der, 'CA')).toEqual(YES);
  expect(await load('x509', holder.certificate.der)).toEqual(YES);
  expect(await load('x509ocsp', ca.issue('ocsp', 8, now).certificate.der)).toEqual(YES);
  expect(await load('X509', ca.issue('attributes', 9, now).certificate.der, 'AA')).toEqual(YES);
  expect(await load('X509_AC', attributeCertificate)).toEqual(YES);
  expect(
    await load('X509_CRL', ca.crlDer({ thisUpdate: now - DAY, nextUpdate: now + DAY })),
  ).toEqual(YES);
  const answer = {
    serial: 7,
    status: 'good',
    thisUpdate: now - DAY,
    nextUpdate: now + DAY,
  } as const;
  const response = ca.respond(ca, { producedAt: now - DAY, answers: [answer] });
  expect(await load('OCSP_RESPONSE', response)).toEqual(YES);
  expect(await load('PUBKEY', newKey().spki)).toEqual(YES);

  const pkcs8 = Uint8Array.from(holder.key.privateKey.export({ type: 'pkcs8', format: 'der' }));
  const key = await operator.told('load-key', [value('type', 'any'), value('data', pkcs8)]);
  expect(key).toMatchObject({ ...YES, id: expect.stringMatching(/^[0-9a-f]{40}$/) });
  expect(await operator.told('get-keys')).toEqual({ keys: [key['id']] });

  const all = [
    'PUBKEY',
    'X509 NONE key',
    'X509 CA',
    'X509 AA',
    'X509 OCSP',
    'X509_AC',
    'X509_CRL',
    'OCSP_RESPONSE',
  ];
  expect(await listed()).toEqual(all);
  expect(await listed(value('type', 'any'))).toEqual(all);
  expect(await listed(value('type', 'X509'))).toEqual(all.slice(1, 5));
  expect(await listed(value('type', 'x509aa'))).toEqual(['X509 AA']);
  expect(await listed(value('type', 'X509'), value('flag', 'CA'))).toEqual(['X509 CA']);
  expect(await listed(value('subject', 'CN=moon'))).toContain('X509 NONE key');
  expect(await listed(value('subject', 'CN=nobody'))).toEqual([]);
  // An invalid type or flag yields no events, and is no error.
  expect(await listed(value('type', 'X510'))).toEqual([]);
  expect(await listed(value('type', 'X509'), value('flag', 'BIG'))).toEqual([]);

  await rawKeyOfConnection(operator, listed);
  await authorities(operator, ca.certificate.der);

  expect(await operator.told('flush-certs', [value('type', 'X509_CRL')])).toEqual(YES);
  expect(await operator.told('flush-certs')).toEqual(YES);
  const id = value('id', String(key['id']).toUpperCase());
  expect(await operator.told('unload-key', [id])).toEqual(YES);
  expect(await operator.told('get-keys')).toEqual({ keys: [] });
  await secrets(operator);
  expect(await operator.told('clear-creds')).toEqual(YES);
  expect(await operator.told('get-shared')).toEqual({ keys: [] });
  expect(await listed(value('type', 'X509_CRL'))).toEqual([]);
}

/** A raw key that a connection holds is listed with its owner. */
async function rawKeyOfConnection(
  operator: Operator,
  listed: (...input: Tree) => Promise<readonly string[]>,
): Promise<void> {
  const remote = { auth: 'pubkey', id: 'raw.example.org', pubkeys: [newKey().spki] };
  const raw = { raw: { local: { auth: 'psk', id: 'a' }, remote } };
  expect(await operator.told('load-conn', tree(raw))).toEqual(YES);
  expect(await listed(value('type', 'pubkey'))).toContain('PUBKEY raw.example.org');
  expect(await operator.told('unload-conn', [value('name', 'raw')])).toEqual(YES);
}

async function authorities(operator: Operator, cacert: Uint8Array): Promise<void> {
  const wanted = {
    cacert,
    slot: '1',
    module: 'none',
    crl_uris: ['http://crl.example.org/a.crl'],
    ocsp_uris: ['http://ocsp.example.org/'],
    cert_uri_base: 'http://certs.example.org/',
  };
  const other = { cacert: caDer('other') };
  expect(await operator.told('load-authority', tree({ ca: wanted, other }))).toEqual(YES);
  expect(await operator.told('get-authorities')).toEqual({ authorities: ['ca', 'other'] });
  const shown = await operator.stream('list-authorities', 'list-authority', [value('name', 'ca')]);
  expect(shown).toEqual([
    [
      [
        'ca',
        [
          ['cacert', 'CN=root'],
          ['crl_uris', ['http://crl.example.org/a.crl']],
          ['ocsp_uris', ['http://ocsp.example.org/']],
          ['cert_uri_base', 'http://certs.example.org/'],
        ],
      ],
    ],
  ]);
  expect(await operator.stream('list-authorities', 'list-authority')).toHaveLength(2);
  expect(await operator.told('unload-authority', [value('name', 'other')])).toEqual(YES);
  expect(await operator.told('get-authorities')).toEqual({ authorities: ['ca'] });
  for (const [key, text] of [
    ['file', '/etc/ca.pem'],
    ['handle', '01'],
  ] as const) {
    const errmsg = await operator.refusal('load-authority', [section('x', [value(key, text)])]);
    expect(errmsg).toContain(`invalid value for: ${key}, authority discarded`);
  }
}

async function secrets(operator: Operator): Promise<void> {
  for (const type of ['ike', 'EAP', 'xauth', 'ntlm', 'ppk']) {
    const input = [value('id', type), value('type', type), value('data', 'x'.repeat(32))];
    expect(await operator.told('load-shared', [...input, list('owners', ['a', '%any'])])).toEqual(
      YES,
    );
  }
  expect(await operator.told('get-shared')).toEqual({
    keys: ['ike', 'EAP', 'xauth', 'ntlm', 'ppk'],
  });
  expect(await operator.told('unload-shared', [value('id', 'EAP')])).toEqual(YES);
  expect(await operator.told('get-shared')).toEqual({ keys: ['ike', 'xauth', 'ntlm', 'ppk'] });
  const token = [value('handle', '01'), value('slot', '0'), value('module', 'm')];
  expect(await operator.refusal('load-token', [...token, value('pin', '1234')])).toMatch(
    /^loading private key from token failed: /,
  );
}

function summary(event: Plain): string {
  const fields = new Map(event);
  const parts = [fields.get('type'), fields.get('flag'), fields.get('has_privkey') && 'key'];
  return [...parts, fields.get('subject')].filter((part) => part !== undefined).join(' ');
}
