import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Tree, value } from '../../../daemon/config/tree.ts';
import { certificateFlag, certificateKind } from '../../../daemon/vici/certificate-kind.ts';
import { COMMANDS } from '../../../daemon/vici/commands/table.ts';
import { writeChildSa } from '../../../daemon/vici/events/child-sa-fields.ts';
import { GLOBAL_EVENTS } from '../../../daemon/vici/events/global.ts';
import { writeIkeSa } from '../../../daemon/vici/events/ike-sa-fields.ts';
import { listAuthorityTree } from '../../../daemon/vici/events/list-authority.ts';
import { listCertTree } from '../../../daemon/vici/events/list-cert.ts';
import { STREAMED_EVENTS } from '../../../daemon/vici/events/streamed.ts';
import { treeOf } from '../../../daemon/vici/message-writer.ts';
import { childSaView, ikeSaView } from '../../support/fake-control.ts';
import { ip } from '../../support/selectors.ts';
import { ask, ViciBench } from '../../support/vici.ts';

/** What the machine-readable reference of the protocol says of a command or an event. */
interface Described {
  readonly name: string;
  readonly inputs?: Readonly<Record<string, { readonly type: string; readonly values?: string[] }>>;
  readonly outputs: Fields;
  readonly has_success_key?: boolean;
}
type Fields = Readonly<Record<string, { readonly fields?: Fields; readonly values?: string[] }>>;

const reference: { commands: readonly Described[]; events: readonly Described[] } = JSON.parse(
  readFileSync(new URL('../../vectors/vici/reference.json', import.meta.url), 'utf8'),
);

describe('the reference of the protocol', () => {
  const { commands } = reference;

  test('every command and every event is there', () => {
    const known = COMMANDS.map(({ name }) => name);
    expect(commands.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
    const events = [...STREAMED_EVENTS, ...GLOBAL_EVENTS.map(({ name }) => name)];
    const wanted = reference.events.map(({ name }) => name);
    expect(wanted.filter((name) => !events.includes(name))).toEqual([]);
  });

  test('an IKE_SA and a CHILD_SA have the keys of the reference in its order', () => {
    const listed = reference.events.find(({ name }) => name === 'list-sa');
    const ike = Object.values(listed?.outputs ?? {})[0]?.fields ?? {};
    const child = Object.values(ike['child-sas']?.fields ?? {})[0]?.fields ?? {};
    const { 'child-sas': _children, ...own } = ike;
    expect(namesOf(treeOf((out) => writeIkeSa(out, fullIke)))).toEqual(expand(own));
    expect(namesOf(treeOf((out) => writeChildSa(out, fullChild)))).toEqual(expand(child));
  });

  test('a certificate and an authority have the keys of the reference in its order', () => {
    const fields = (name: string): Fields =>
      reference.events.find((event) => event.name === name)?.outputs ?? {};
    const view = { type: 'X509', flag: 'CA', hasPrivateKey: true, data: new Uint8Array() } as const;
    const keys = Object.keys(fields('list-cert'));
    // The others belong to raw public keys with a name and a time, which cannot be loaded.
    expect(namesOf(listCertTree(view))).toEqual(keys.slice(0, 4));
    expect(keys.slice(4)).toEqual(['subject', 'not-before', 'not-after']);
    const [authority] = listAuthorityTree({
      name: 'ca',
      subject: { type: 0, data: new Uint8Array() },
      crlUris: [],
      ocspUris: [],
      certUriBase: 'http://x/',
    });
    const listed = Object.values(fields('list-authority'))[0]?.fields ?? {};
    expect(authority?.kind === 'section' && namesOf(authority.entries)).toEqual(
      Object.keys(listed),
    );
  });

  test('every type and flag of certificates that the reference names is known', () => {
    const inputs = (name: string, key: string): readonly string[] =>
      reference.commands.find((command) => command.name === name)?.inputs?.[key]?.values ?? [];
    for (const command of ['load-cert', 'list-certs', 'flush-certs'])
      expect(inputs(command, 'type').filter((text) => certificateKind(text) === undefined)).toEqual(
        [],
      );
    for (const command of ['load-cert', 'list-certs'])
      expect(inputs(command, 'flag').filter((text) => certificateFlag(text) === undefined)).toEqual(
        [],
      );
    expect(inputs('load-cert', 'type')).toContain('x509ca');
  });

  test.each(['rekey', 'terminate', 'get-counters', 'reset-counters', 'redirect'])(
    '%s: every key of the reference is taken, one more is refused or ignored without harm',
    async (name) => {
      const { inputs = {} } = reference.commands.find((command) => command.name === name) ?? {};
      await using bench = await ViciBench.start();
      using client = await bench.raw();
      const samples: Readonly<Record<string, string>> = { uint: '1', int: '1', bool: 'no' };
      for (const [key, { type }] of Object.entries(inputs)) {
        const answer = await ask(client, name, [value(key, samples[type] ?? '%any')]);
        const errmsg = new Map(answer).get('errmsg') ?? '';
        expect(errmsg, key).not.toMatch(/unknown key|invalid value/);
        expect(answer.some(([field]) => field === 'success')).toBe(true);
      }
    },
  );
});

/** Of IKEv1 or never sent by IKEv2 over algorithms that we have. */
const NEVER = new Set(['remote-xauth-id']);

function expand(fields: Fields): readonly string[] {
  return Object.keys(fields)
    .filter((key) => !NEVER.has(key))
    .flatMap((key) => (key === 'ake1..ake7' ? [1, 2, 3, 4, 5, 6, 7].map((n) => `ake${n}`) : [key]));
}

const namesOf = (tree: Tree): readonly string[] => tree.map(({ name }) => name);

const algorithms = {
  encrAlg: 'AES_CBC',
  encrKeysize: 256,
  integAlg: 'HMAC_SHA2_256_128',
  integKeysize: 256,
  prfAlg: 'PRF_HMAC_SHA2_256',
  dhGroup: 'CURVE_25519',
  additionalKe: [1, 2, 3, 4, 5, 6, 7].map((number) => ({ number, name: 'ML_KEM_768' })),
};

const fullIke = ikeSaView({
  remoteEapId: 'carol',
  natLocal: true,
  natRemote: true,
  natFake: true,
  ifIdIn: 1,
  ifIdOut: 2,
  algorithms,
  ppk: true,
  reauthTime: 1,
  remoteVips: [ip('10.3.0.1')],
  tasksQueued: ['IKE_DPD'],
  tasksActive: ['IKE_DPD'],
  tasksPassive: ['IKE_AUTH'],
});

const plainChild = childSaView();
const { prfAlg: _prf, ...childAlgorithms } = algorithms;
const fullChild = {
  ...plainChild,
  label: Uint8Array.of(1),
  ...(plainChild.installed && {
    installed: {
      ...plainChild.installed,
      cpiIn: 1,
      cpiOut: 2,
      markIn: { value: 1, mask: 2 },
      markOut: { value: 1, mask: 2 },
      ifIdIn: 1,
      ifIdOut: 2,
      perCpuSas: true,
      cpu: 3,
      algorithms: { ...childAlgorithms, esn: true },
    },
  }),
};
