import { describe, expect, test } from 'vitest';
import { ExchangeType, exchangeName } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Message, Payload, PayloadKind } from '../../../daemon/proto/payload.ts';
import {
  checkMessage,
  type MessageRule,
  orderPayloads,
  ruleFor,
} from '../../../daemon/wire/message-rules.ts';
import { hex, messageWith, protectedWith, refusalOf, SPI_R } from '../../support/wire.ts';

const notify = (type: number): Payload => ({
  kind: 'Notify',
  protocol: 0,
  spi: hex(''),
  type,
  data: hex(''),
});
const saOf = (protocol: number): Payload => ({
  kind: 'SA',
  proposals: [{ number: 1, protocol, spi: hex(''), transforms: [{ type: 1, id: 20 }] }],
});
const samples: Readonly<Record<PayloadKind, Payload>> = {
  SA: saOf(3),
  KE: { kind: 'KE', method: 31, data: hex('01') },
  IDi: { kind: 'IDi', identity: { type: 2, data: hex('61') } },
  IDr: { kind: 'IDr', identity: { type: 2, data: hex('62') } },
  CERT: { kind: 'CERT', encoding: 4, data: hex('30') },
  CERTREQ: { kind: 'CERTREQ', encoding: 4, authorities: hex('') },
  AUTH: { kind: 'AUTH', method: 2, data: hex('01') },
  Nonce: { kind: 'Nonce', data: new Uint8Array(32) },
  Notify: notify(NotifyType.INITIAL_CONTACT),
  Delete: { kind: 'Delete', protocol: 1, spiSize: 0, spis: [] },
  Vendor: { kind: 'Vendor', data: hex('') },
  TSi: { kind: 'TSi', selectors: [] },
  TSr: { kind: 'TSr', selectors: [] },
  CP: { kind: 'CP', type: 1, attributes: [] },
  EAP: { kind: 'EAP', data: hex('03010004') },
  Unknown: { kind: 'Unknown', type: 200, critical: false, data: hex('') },
};
const { SA, KE, IDi, IDr, AUTH, Nonce, TSi, TSr, CP, EAP, Unknown, Delete } = samples;

interface Legal {
  readonly name: string;
  readonly message: Message;
  /** Payloads whose absence the message alone shows to be wrong. */
  readonly needed: readonly PayloadKind[];
}

const request = (exchange: number, payloads: readonly Payload[]): Message =>
  protectedWith(payloads, { exchange });
const response = (exchange: number, payloads: readonly Payload[]): Message =>
  protectedWith(payloads, { exchange, isResponse: true, fromInitiator: false });
const initResponse = (payloads: readonly Payload[]): Message =>
  messageWith(payloads, { spiR: SPI_R, isResponse: true, fromInitiator: false });

const legal: readonly Legal[] = [
  {
    name: 'IKE_SA_INIT request',
    message: messageWith([saOf(1), KE, Nonce, notify(16388), notify(16389)]),
    needed: ['SA', 'KE', 'Nonce'],
  },
  {
    name: 'IKE_SA_INIT response',
    message: initResponse([saOf(1), KE, Nonce, samples.CERTREQ]),
    needed: ['SA', 'KE', 'Nonce'],
  },
  {
    name: 'IKE_AUTH request with PSK',
    message: request(ExchangeType.IKE_AUTH, [IDi, IDr, AUTH, CP, SA, TSi, TSr]),
    needed: ['SA', 'TSi', 'TSr'],
  },
  {
    name: 'IKE_AUTH request without CHILD_SA (RFC 6023)',
    message: request(ExchangeType.IKE_AUTH, [IDi, AUTH]),
    needed: [],
  },
  {
    name: 'IKE_AUTH request that asks for EAP',
    message: request(ExchangeType.IKE_AUTH, [IDi, SA, TSi, TSr]),
    needed: ['IDi', 'SA', 'TSi', 'TSr'],
  },
  {
    name: 'IKE_AUTH request with EAP',
    message: request(ExchangeType.IKE_AUTH, [EAP]),
    // Without it it would be that of an initiator that has done its rounds.
    needed: [],
  },
  {
    name: 'IKE_AUTH request after EAP',
    message: request(ExchangeType.IKE_AUTH, [AUTH]),
    needed: [],
  },
  {
    name: 'IKE_AUTH response',
    message: response(ExchangeType.IKE_AUTH, [IDr, AUTH, CP, SA, TSi, TSr]),
    needed: ['SA', 'TSi', 'TSr'],
  },
  {
    name: 'CREATE_CHILD_SA for a CHILD_SA',
    message: request(ExchangeType.CREATE_CHILD_SA, [SA, Nonce, KE, TSi, TSr]),
    needed: ['SA', 'Nonce', 'TSi', 'TSr'],
  },
  {
    name: 'CREATE_CHILD_SA response for a CHILD_SA without KE',
    message: response(ExchangeType.CREATE_CHILD_SA, [SA, Nonce, TSi, TSr]),
    needed: ['SA', 'Nonce', 'TSi', 'TSr'],
  },
  {
    name: 'CREATE_CHILD_SA for an IKE_SA',
    message: request(ExchangeType.CREATE_CHILD_SA, [saOf(1), Nonce, KE]),
    needed: ['SA', 'Nonce', 'KE'],
  },
  {
    name: 'INFORMATIONAL without payloads',
    message: request(ExchangeType.INFORMATIONAL, []),
    needed: [],
  },
  {
    name: 'INFORMATIONAL with deletes',
    message: response(ExchangeType.INFORMATIONAL, [Delete, Delete, notify(16400), CP]),
    needed: [],
  },
  {
    name: 'IKE_INTERMEDIATE',
    message: request(ExchangeType.IKE_INTERMEDIATE, [KE]),
    needed: [],
  },
  {
    name: 'IKE_FOLLOWUP_KE',
    message: request(ExchangeType.IKE_FOLLOWUP_KE, [
      KE,
      notify(NotifyType.ADDITIONAL_KEY_EXCHANGE),
    ]),
    needed: ['KE', 'Notify'],
  },
  {
    name: 'IKE_SESSION_RESUME',
    message: messageWith([Nonce, notify(NotifyType.TICKET_OPAQUE)], {
      exchange: ExchangeType.IKE_SESSION_RESUME,
    }),
    needed: ['Nonce', 'Notify'],
  },
];

const withPayloads = (message: Message, payloads: readonly Payload[]): Message => ({
  ...message,
  payloads,
});

describe.each(legal)('$name', ({ message, needed }) => {
  const { payloads } = message;

  test('is accepted, in any order and with unknown payloads (RFC 7296 section 2.5)', () => {
    checkMessage(message);
    checkMessage(withPayloads(message, payloads.toReversed()));
    checkMessage(withPayloads(message, [Unknown, ...payloads, Unknown]));
  });

  test('SEC-02 is refused without a payload it needs', () => {
    for (const kind of needed) {
      const without = payloads.filter((payload) => payload.kind !== kind);
      expect(refusalOf(() => checkMessage(withPayloads(message, without))).notify, kind).toBe(7);
    }
  });

  test('SEC-02 SEC-27 is refused with a payload twice that belongs there once', () => {
    const rule = ruleFor(message.exchange, message.isResponse) as MessageRule;
    for (const payload of payloads) {
      const max = rule.payloads.find((entry) => entry.kind === payload.kind)?.max;
      const twice = () => checkMessage(withPayloads(message, [...payloads, payload]));
      if (max === 1) expect(refusalOf(twice).reason).toBe('2 payloads, at most 1 allowed');
      else twice();
    }
  });

  test('SEC-02 is refused with a payload of another exchange', () => {
    const rule = ruleFor(message.exchange, message.isResponse) as MessageRule;
    for (const payload of Object.values(samples)) {
      if (payload.kind === 'Unknown') continue;
      if (rule.payloads.some((entry) => entry.kind === payload.kind)) continue;
      const error = refusalOf(() => checkMessage(withPayloads(message, [...payloads, payload])));
      expect(error.reason).toContain(exchangeName(message.exchange));
    }
  });

  test('its payloads are put in the order of the table, equal kinds unchanged', () => {
    const rule = ruleFor(message.exchange, message.isResponse) as MessageRule;
    const ordered = orderPayloads(message.exchange, message.isResponse, payloads.toReversed());
    const ranks = ordered.map(({ kind }) =>
      rule.payloads.findIndex((entry) => entry.kind === kind),
    );
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(ordered).toHaveLength(payloads.length);
  });
});

test('the cookie is sent in front of everything (RFC 7296 section 2.6)', () => {
  const payloads = [notify(16388), saOf(1), notify(NotifyType.COOKIE), Nonce, KE, Unknown];
  const ordered = orderPayloads(ExchangeType.IKE_SA_INIT, false, payloads);
  expect(ordered.map(({ kind }) => kind)).toEqual([
    'Notify',
    'SA',
    'KE',
    'Nonce',
    'Notify',
    'Unknown',
  ]);
  expect(ordered[0]).toEqual(notify(NotifyType.COOKIE));
});

test.each([
  ['Notify', 20],
  ['Delete', 20],
  ['Vendor', 20],
] as const)('SEC-11 %s payloads are capped at %i', (kind, max) => {
  const some = new Array<Payload>(max).fill(samples[kind]);
  checkMessage(request(ExchangeType.INFORMATIONAL, some));
  const error = refusalOf(() =>
    checkMessage(request(ExchangeType.INFORMATIONAL, [...some, samples[kind]])),
  );
  expect(error.payload).toBe(kind);
});

test.each([
  ['CERT', 8],
  ['CERTREQ', 20],
] as const)('SEC-56 %s payloads are capped at %i', (kind, max) => {
  const some = new Array<Payload>(max).fill(samples[kind]);
  checkMessage(request(ExchangeType.IKE_AUTH, [IDi, AUTH, ...some]));
  const tooMany = request(ExchangeType.IKE_AUTH, [IDi, AUTH, ...some, samples[kind]]);
  expect(refusalOf(() => checkMessage(tooMany)).payload).toBe(kind);
});

test('SEC-11 more than 100 payloads of any kind are refused', () => {
  const message = request(ExchangeType.INFORMATIONAL, new Array<Payload>(101).fill(Unknown));
  expect(refusalOf(() => checkMessage(message)).reason).toBe('101 payloads');
});

describe('responses that refuse', () => {
  const errors = [14, 17, 24, 38, 7, 1, 5, 43, 44, 16383];
  test.each(errors)('need nothing but error notify %i', (type) => {
    for (const exchange of [34, 35, 36, 37, 43, 44]) {
      const changes = exchange === 34 ? { messageId: 0 } : {};
      checkMessage({ ...response(exchange, [notify(type)]), ...changes });
    }
  });

  test('COOKIE and REDIRECT stand alone in IKE_SA_INIT, with and without responder SPI', () => {
    for (const type of [NotifyType.COOKIE, NotifyType.REDIRECT, NotifyType.INVALID_KE_PAYLOAD]) {
      checkMessage(initResponse([notify(type)]));
      checkMessage({ ...initResponse([notify(type)]), spiR: messageWith([]).spiR });
    }
  });

  test('a status notify is no refusal', () => {
    expect(refusalOf(() => checkMessage(initResponse([notify(16388)]))).payload).toBe('SA');
  });

  test('an error notify does not excuse a request, nor payloads that do not belong', () => {
    refusalOf(() => checkMessage(messageWith([notify(14)])));
    refusalOf(() => checkMessage(response(ExchangeType.CREATE_CHILD_SA, [notify(14), EAP])));
    refusalOf(() => checkMessage(response(ExchangeType.IKE_AUTH, [notify(24), AUTH, AUTH])));
  });
});

describe('SEC-02 addressing of the first exchange', () => {
  const init = [saOf(1), KE, Nonce];
  test.each<[string, Message]>([
    ['message id 1', messageWith(init, { messageId: 1 })],
    ['a responder SPI in the request', messageWith(init, { spiR: SPI_R })],
    ['a request without the Initiator flag', messageWith(init, { fromInitiator: false })],
    ['a response with the Initiator flag', { ...initResponse(init), fromInitiator: true }],
    ['a response without responder SPI', { ...initResponse(init), spiR: messageWith([]).spiR }],
  ])('refuses %s', (_, message) => {
    expect(refusalOf(() => checkMessage(message)).notify).toBe(7);
  });
});

test('SEC-02 selectors for an IKE_SA and half a pair of selectors are refused', () => {
  const { CREATE_CHILD_SA, IKE_AUTH } = ExchangeType;
  refusalOf(() => checkMessage(request(CREATE_CHILD_SA, [saOf(1), Nonce, KE, TSi, TSr])));
  refusalOf(() => checkMessage(request(CREATE_CHILD_SA, [SA, Nonce, TSi])));
  refusalOf(() => checkMessage(request(IKE_AUTH, [IDi, AUTH, SA])));
  refusalOf(() => checkMessage(request(IKE_AUTH, [IDi, AUTH, TSi, TSr])));
  refusalOf(() => checkMessage(response(IKE_AUTH, [IDr, AUTH, SA, TSr])));
});

test('SEC-20 every exchange type that is not in the table is refused, both ways', () => {
  const known: readonly number[] = [34, 35, 36, 37, 38, 43, 44];
  for (let exchange = 0; exchange < 256; exchange++) {
    if (known.includes(exchange)) continue;
    for (const message of [request(exchange, []), response(exchange, [notify(7)])]) {
      expect(refusalOf(() => checkMessage(message)).reason).toContain('unknown exchange');
    }
  }
});

test('only the two initial exchanges are in the clear', () => {
  const clear = Array.from({ length: 256 }, (_, exchange) => exchange).filter(
    (exchange) => ruleFor(exchange, false)?.encrypted === false,
  );
  expect(clear).toEqual([ExchangeType.IKE_SA_INIT, ExchangeType.IKE_SESSION_RESUME]);
});
