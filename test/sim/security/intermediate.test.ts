import { describe, expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { KeMethod } from '../../../daemon/proto/iana/transforms.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { encodeFragmented } from '../../../daemon/wire/message.ts';
import { notifiesIn, type Puppet, type Tampering } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';

const HYBRID = 'aes128gcm16-prfsha256-x25519-ke1_mlkem768';
const { IKE_INTERMEDIATE, IKE_AUTH } = ExchangeType;

const announcing: Tampering = (payloads) => [
  ...payloads,
  notify(NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED),
];

/** An attacker with an IKE_SA that waits for one IKE_INTERMEDIATE. */
async function halfWay(attack: Siege): Promise<Puppet> {
  const puppet = attack.puppet();
  puppet.ike = HYBRID;
  const answer = await puppet.init(announcing);
  expect(notifiesIn(answer)).toContain(NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED);
  return puppet;
}

const replaceKe =
  (replacement: readonly Payload[]): Tampering =>
  (payloads) =>
    payloads.flatMap((payload) => (payload.kind === 'KE' ? replacement : [payload]));

describe('SEC-20: IKE_INTERMEDIATE of peers that nobody knows yet', () => {
  test('an honest one is served', async () => {
    await using attack = await siege({ ike: HYBRID });
    const puppet = await halfWay(attack);
    expect(await puppet.intermediate(KeMethod.ML_KEM_768)).toBeDefined();
    expect(notifiesIn(await puppet.auth())).not.toContain(NotifyType.AUTHENTICATION_FAILED);
    await attack.world.settle(() => attack.gateway.established.length === 1);
    await attack.expectAlive();
  });

  test('none without agreement: dropped before anything is decrypted, and IKE_AUTH goes on', async () => {
    await using attack = await siege();
    const puppet = attack.puppet();
    await puppet.init(announcing);
    for (let n = 0; n < 20; n++) {
      const payloads: readonly Payload[] = [
        { kind: 'KE', method: KeMethod.ML_KEM_768, data: new Uint8Array(1184) },
      ];
      expect(await puppet.raw(puppet.encode(IKE_INTERMEDIATE, payloads))).toEqual([]);
    }
    expect(attack.gateway.lines.join('\n')).toContain(
      'ignoring IKE_INTERMEDIATE request: no further one was agreed',
    );
    await puppet.auth();
    expect(attack.gateway.established.length).toBe(1);
    await attack.expectAlive();
  });

  test('no more than were agreed', async () => {
    await using attack = await siege({ ike: HYBRID });
    const puppet = await halfWay(attack);
    await puppet.intermediate(KeMethod.ML_KEM_768);
    expect(await puppet.intermediate(KeMethod.ML_KEM_768)).toBeUndefined();
    await puppet.auth();
    expect(attack.gateway.established.length).toBe(1);
    expect(await puppet.raw(puppet.encode(IKE_INTERMEDIATE, []))).toEqual([]);
    await attack.expectAlive();
  });

  test('IKE_AUTH before it is dropped: nobody leaves an agreed key exchange out', async () => {
    await using attack = await siege({ ike: HYBRID });
    const puppet = await halfWay(attack);
    expect(await puppet.auth()).toBeUndefined();
    expect(attack.gateway.established).toEqual([]);
    expect(attack.gateway.lines.join('\n')).toContain(
      'ignoring IKE_AUTH request: additional key exchanges come first',
    );
    await puppet.intermediate(KeMethod.ML_KEM_768);
    await puppet.auth();
    expect(attack.gateway.established.length).toBe(1);
    await attack.expectAlive();
  });

  test.each<[string, readonly Payload[]]>([
    ['no KE payload', []],
    ['another method', [{ kind: 'KE', method: KeMethod.CURVE_25519, data: new Uint8Array(32) }]],
    ['a short value', [{ kind: 'KE', method: KeMethod.ML_KEM_768, data: new Uint8Array(1183) }]],
    [
      'a value that is not reduced',
      [{ kind: 'KE', method: KeMethod.ML_KEM_768, data: new Uint8Array(1184).fill(0xff) }],
    ],
  ])('%s: INVALID_SYNTAX, and the IKE_SA is gone', async (_, replacement) => {
    await using attack = await siege({ ike: HYBRID });
    const puppet = await halfWay(attack);
    const answer = await puppet.intermediate(KeMethod.ML_KEM_768, replaceKe(replacement));
    expect(notifiesIn(answer)).toEqual([NotifyType.INVALID_SYNTAX]);
    expect(attack.gateway.sas).toEqual([]);
    await attack.expectAlive();
  });

  test('whoever offers it without announcing IKE_INTERMEDIATE gets nothing that needs it', async () => {
    await using attack = await siege({ ike: `${HYBRID}-ke1_none` });
    const demanding = attack.puppet();
    demanding.ike = HYBRID;
    expect(notifiesIn(await demanding.init())).toEqual([NotifyType.NO_PROPOSAL_CHOSEN]);
    const content = attack.puppet();
    content.ike = `${HYBRID}-ke1_none`;
    await content.init();
    await content.auth();
    expect(attack.gateway.sas[0]?.algorithms?.additionalKe).toBeUndefined();
    await attack.expectAlive();
  });

  test('its fragments get no more room than one datagram before authentication', async () => {
    await using attack = await siege({ ike: HYBRID });
    const puppet = await halfWay(attack);
    const data = new Uint8Array(60_000);
    const message = {
      spiI: puppet.spiI,
      spiR: puppet.spiR,
      exchange: IKE_INTERMEDIATE,
      isResponse: false,
      fromInitiator: true,
      messageId: 1,
      payloads: [{ kind: 'KE', method: KeMethod.ML_KEM_768, data } as const],
    };
    if (puppet.outbound === undefined) throw new TypeError('no keys');
    for (const datagram of encodeFragmented(message, puppet.outbound, 1200)) {
      expect(await puppet.raw(datagram)).toEqual([]);
    }
    expect(attack.gateway.lines.join('\n')).toMatch(/message of more than \d+ octets/);
    await puppet.intermediate(KeMethod.ML_KEM_768);
    await puppet.auth();
    expect(attack.gateway.established.length).toBe(1);
    await attack.expectAlive();
  });

  test('SEC-20: responses nobody asked for change nothing', async () => {
    await using attack = await siege({ ike: HYBRID });
    const puppet = await halfWay(attack);
    for (const exchange of [IKE_INTERMEDIATE, IKE_AUTH]) {
      const octets = puppet.encode(exchange, [], { isResponse: true });
      expect(await puppet.raw(octets)).toEqual([]);
    }
    await puppet.intermediate(KeMethod.ML_KEM_768);
    await puppet.auth();
    expect(attack.gateway.established.length).toBe(1);
    await attack.expectAlive();
  });
});
