import { describe, expect, test } from 'vitest';
import type { Payload } from '../../../../daemon/proto/payload.ts';
import { selectProposal } from '../../../../daemon/proto/proposal-select.ts';
import { decodeBody, encodeBody, hex, refusalOf } from '../../../support/wire.ts';

const SA = 33;
const AES_256 = '0300000c 0100000c 800e0100';
const SHA2 = '00000008 0300000c';
const ESP = `00000020 01 03 04 02 c0ffee01 ${AES_256} 00000008 05000000`;

const decode = (text: string): Payload => decodeBody(SA, hex(text));
const reasonFor = (text: string): string => refusalOf(() => decode(text)).reason;

test('reads proposals, transforms, key length and SPI', () => {
  expect(decode(ESP)).toEqual({
    kind: 'SA',
    proposals: [
      {
        number: 1,
        protocol: 3,
        spi: hex('c0ffee01'),
        transforms: [
          { type: 1, id: 12, keyLength: 256 },
          { type: 5, id: 0 },
        ],
      },
    ],
  });
});

test('writes what it read', () => {
  expect(encodeBody(decode(ESP))).toEqual(hex(ESP));
  const two = `0200001c 01 01 00 02 ${AES_256} ${SHA2} 00000010 02 01 00 01 00000008 04000013`;
  const payload = decode(two);
  expect(payload).toMatchObject({ proposals: [{ number: 1 }, { number: 2 }] });
  expect(encodeBody(payload)).toEqual(hex(two));
});

test('reserved octets are ignored', () => {
  expect(decode(ESP.replace('0300000c 0100000c', '03ff000c 01ff000c'))).toEqual(decode(ESP));
});

test('SEC-03 transform types and ids of every value stay numbers', () => {
  const body = hex('00000010 01 01 00 01 00000008 00000000');
  const wrong: number[] = [];
  for (let id = 0; id < 0x10000; id++) {
    body.set([id & 0xff, 0, id >> 8, id & 0xff], 12);
    const payload = decodeBody(SA, body);
    const [transform] = payload.kind === 'SA' ? (payload.proposals[0]?.transforms ?? []) : [];
    if (transform?.type !== (id & 0xff) || transform.id !== id) wrong.push(id);
  }
  expect(wrong).toEqual([]);
});

test('attributes that are not understood are kept apart and written again', () => {
  const text = '0000001d 01 01 00 01 00000015 0100000c 800e0080 80120007 00130001 ff';
  const payload = decode(text);
  expect(payload).toMatchObject({
    proposals: [{ transforms: [{ keyLength: 128, otherAttributes: hex('8012000700130001ff') }] }],
  });
  expect(encodeBody(payload)).toEqual(hex(text));
});

test('SEC-05 a transform with an attribute that is not understood is never selected', () => {
  const plain = decode('00000010 01 01 00 01 00000008 0100001c');
  const odd = decode('00000014 01 01 00 01 0000000c 0100001c 80120007');
  const proposalsOf = (payload: Payload) => (payload.kind === 'SA' ? payload.proposals : []);
  for (const preferConfigured of [true, false]) {
    const select = (payload: Payload) =>
      selectProposal(proposalsOf(plain), proposalsOf(payload), { preferConfigured }).ok;
    expect([select(plain), select(odd)]).toEqual([true, false]);
  }
});

test('SEC-05 a key length in the long form is no Key Length', () => {
  const text = '00000016 01 01 00 01 0000000e 0100000c 000e0002 0100';
  const [transform] =
    (decode(text) as Extract<Payload, { kind: 'SA' }>).proposals[0]?.transforms ?? [];
  expect(transform?.keyLength).toBeUndefined();
  expect(transform?.otherAttributes).toEqual(hex('000e00020100'));
});

describe('SEC-12 refuses inner lengths that lie', () => {
  test.each(['0000', '0001', '0003', '0004', '0007'])('proposal length %s', (length) => {
    expect(reasonFor(ESP.replace('00000020', `0000${length}`))).toContain('proposal length');
  });
  test.each(['0000', '0001', '0004', '0007'])('transform length %s', (length) => {
    const text = ESP.replace('0300000c', `0300${length}`);
    expect(reasonFor(text)).toContain('transform length');
  });
  test('proposal longer than the payload', () => {
    expect(reasonFor(ESP.replace('00000020', '00000021'))).toContain('needs');
  });
  test('proposal shorter than its transforms', () => {
    expect(reasonFor(ESP.replace('00000020', '0000001f'))).toContain(
      'last-substructure octet is 0',
    );
  });
  test('transform longer than the proposal', () => {
    expect(reasonFor(ESP.replace('00000008 0500', '00000009 0500'))).toContain('needs');
  });
  test('long attribute beyond its transform', () => {
    const text = '00000014 01 01 00 01 0000000c 0100000c 00120001';
    expect(reasonFor(text)).toContain('needs 1 octets');
  });
  test('half an attribute', () => {
    expect(reasonFor('00000012 01 01 00 01 0000000a 0100000c 800e')).toContain('needs');
  });
});

describe('SEC-05 refuses', () => {
  test('an empty payload', () => {
    expect(reasonFor('')).toContain('needs 1 octets');
  });
  test('a proposal without transforms', () => {
    expect(reasonFor('00000008 01 01 00 00')).toBe('proposal without transforms');
  });
  test('more transforms than counted', () => {
    const text = `0000001c 01 01 00 01 ${AES_256} ${SHA2}`;
    expect(reasonFor(text)).toContain('8 octets left over');
  });
  test('fewer transforms than counted', () => {
    expect(reasonFor(ESP.replace('01 03 04 02', '01 03 04 03'))).toContain('needs');
  });
  test('two key lengths', () => {
    const text = '00000018 01 01 00 01 00000010 0100000c 800e0080 800e0100';
    expect(reasonFor(text)).toBe('second Key Length attribute');
  });
  test.each([
    ['IKE', '0000001401010401 00000000 00000008 01000014'],
    ['AH', '00000010 01 02 00 01 00000008 0300000c'],
    ['ESP', '00000018 01 03 08 01 0000000000000000 00000008 01000014'],
    ['no protocol', '00000010 01 00 00 01 00000008 01000014'],
  ])('an SPI size that %s does not have', (_, text) => {
    expect(reasonFor(text)).toContain('for protocol');
  });
  test('a last-substructure octet that contradicts the length', () => {
    expect(reasonFor(ESP.replace('00000020', '02000020'))).toContain(
      'last-substructure octet is 2',
    );
    expect(reasonFor(ESP.replace('0300000c', '0000000c'))).toContain(
      'last-substructure octet is 0',
    );
    expect(reasonFor(ESP.replace('00000020', '07000020'))).toContain(
      'last-substructure octet is 7',
    );
  });
  test('more than 255 proposals', () => {
    const proposal = '02000010 01 01 00 01 00000008 01000014';
    expect(reasonFor(proposal.repeat(256) + proposal.replace('02', '00'))).toBe(
      'more than 255 proposals',
    );
  });
});

test('a proposal of an unknown protocol survives with its SPI', () => {
  const text = '00000013 01 c8 03 01 010203 00000008 01000014';
  expect(encodeBody(decode(text))).toEqual(hex(text));
});
