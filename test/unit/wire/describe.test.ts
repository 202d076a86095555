import { expect, test } from 'vitest';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { describeMessage, describePayload } from '../../../daemon/wire/describe.ts';
import { hex, messageWith, protectedWith } from '../../support/wire.ts';

const n = (type: number): Payload => ({
  kind: 'Notify',
  protocol: 0,
  spi: hex(''),
  type,
  data: hex(''),
});
const eap = (packet: string): string => describePayload({ kind: 'EAP', data: hex(packet) });

test('the request that charon sends first', () => {
  const message = messageWith([
    { kind: 'SA', proposals: [] },
    { kind: 'KE', method: 31, data: hex('') },
    { kind: 'Nonce', data: hex('') },
    ...[16388, 16389, 16430, 16431, 16406].map(n),
  ]);
  expect(describeMessage(message)).toBe(
    'IKE_SA_INIT request 0 [ SA KE No N(NATD_S_IP) N(NATD_D_IP) N(FRAG_SUP) N(HASH_ALG) N(REDIR_SUP) ]',
  );
});

test('the IKE_AUTH request of charon', () => {
  const message = protectedWith(
    [
      { kind: 'IDi', identity: { type: 2, data: hex('61') } },
      { kind: 'CERT', encoding: 4, data: hex('30') },
      n(16384),
      { kind: 'CERTREQ', encoding: 4, authorities: hex('') },
      { kind: 'IDr', identity: { type: 2, data: hex('61') } },
      { kind: 'AUTH', method: 2, data: hex('00') },
      { kind: 'CP', type: 1, attributes: [1, 3].map((type) => ({ type, value: hex('') })) },
      { kind: 'SA', proposals: [] },
      { kind: 'TSi', selectors: [] },
      { kind: 'TSr', selectors: [] },
      ...[16396, 16397, 16404, 16417, 16420].map(n),
    ],
    { exchange: 35, messageId: 1 },
  );
  expect(describeMessage(message)).toBe(
    'IKE_AUTH request 1 [ IDi CERT N(INIT_CONTACT) CERTREQ IDr AUTH CPRQ(ADDR DNS) SA TSi TSr N(MOBIKE_SUP) N(ADD_4_ADDR) N(MULT_AUTH) N(EAP_ONLY) N(MSG_ID_SYN_SUP) ]',
  );
});

test('a message without payloads, and one of an unknown exchange', () => {
  expect(describeMessage(protectedWith([]))).toBe('INFORMATIONAL request 2 [ ]');
  expect(describeMessage(protectedWith([], { isResponse: true, exchange: 99 }))).toBe(
    '(99) response 2 [ ]',
  );
});

test('unknown numbers print as numbers', () => {
  expect(describePayload(n(1234))).toBe('N((1234))');
  expect(describePayload({ kind: 'Unknown', type: 200, critical: false, data: hex('') })).toBe(
    '(200)',
  );
  const attributes = [{ type: 25000, value: hex('') }];
  expect(describePayload({ kind: 'CP', type: 2, attributes })).toBe('CPRP((25000))');
  expect(describePayload({ kind: 'CP', type: 9, attributes: [] })).toBe('CP(9)()');
});

test.each([
  ['01010005 01', 'EAP/REQ/ID'],
  ['02010005 1a', 'EAP/RES/MSCHAPV2'],
  ['01010005 c8', 'EAP/REQ/(200)'],
  ['03010004', 'EAP/SUCC'],
  ['04010004', 'EAP/FAIL'],
  ['09010005 01', 'EAP/(9)'],
  ['01010004', 'EAP/REQ'],
])('EAP packet %s is %s', (packet, name) => {
  expect(eap(packet)).toBe(name);
});

test('SEC-87 a peer cannot make the line long with attributes', () => {
  const attributes = Array.from({ length: 256 }, () => ({ type: 1, value: hex('') }));
  expect(describePayload({ kind: 'CP', type: 1, attributes }).length).toBeLessThan(200);
});
