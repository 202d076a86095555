import { expect, test } from 'vitest';
import { AuthMethod, nameOfAuthMethod } from '../../../../daemon/proto/iana/auth-methods.ts';
import { CertEncoding, nameOfCertEncoding } from '../../../../daemon/proto/iana/cert-encodings.ts';
import {
  ConfigAttributeType,
  nameOfConfigAttribute,
} from '../../../../daemon/proto/iana/config-attributes.ts';
import { ExchangeType, exchangeName } from '../../../../daemon/proto/iana/exchange-types.ts';
import {
  HashAlgorithm,
  nameOfHashAlgorithm,
} from '../../../../daemon/proto/iana/hash-algorithms.ts';
import { IdType, nameOfIdType } from '../../../../daemon/proto/iana/id-types.ts';
import {
  isErrorNotify,
  NotifyType,
  notifyName,
  notifyShortName,
} from '../../../../daemon/proto/iana/notify-types.ts';
import { nameOfPayloadType, PayloadType } from '../../../../daemon/proto/iana/payload-types.ts';
import { nameOfProtocol, ProtocolId } from '../../../../daemon/proto/iana/protocol-ids.ts';
import {
  EncryptionId,
  IntegrityId,
  isKeyExchangeType,
  KeMethod,
  nameOfTransformType,
  PrfId,
  SnId,
  TransformType,
  transformName,
} from '../../../../daemon/proto/iana/transforms.ts';
import { nameOfTsType, TsType } from '../../../../daemon/proto/iana/ts-types.ts';

const registries: readonly (readonly [
  string,
  Readonly<Record<string, number>>,
  (n: number) => string,
])[] = [
  ['payload types', PayloadType, nameOfPayloadType],
  ['exchange types', ExchangeType, exchangeName],
  ['notify types', NotifyType, notifyName],
  ['transform types', TransformType, nameOfTransformType],
  ['encryption', EncryptionId, (id) => transformName(TransformType.ENCR, id)],
  ['PRF', PrfId, (id) => transformName(TransformType.PRF, id)],
  ['integrity', IntegrityId, (id) => transformName(TransformType.INTEG, id)],
  ['key exchange', KeMethod, (id) => transformName(TransformType.KE, id)],
  ['additional key exchange', KeMethod, (id) => transformName(TransformType.ADDKE7, id)],
  ['sequence numbers', SnId, (id) => transformName(TransformType.SN, id)],
  ['ID types', IdType, nameOfIdType],
  ['authentication methods', AuthMethod, nameOfAuthMethod],
  ['protocols', ProtocolId, nameOfProtocol],
  ['certificate encodings', CertEncoding, nameOfCertEncoding],
  ['configuration attributes', ConfigAttributeType, nameOfConfigAttribute],
  ['traffic selector types', TsType, nameOfTsType],
  ['hash algorithms', HashAlgorithm, nameOfHashAlgorithm],
];

test.each(registries)(
  'SEC-03 %s: each number has one name, any other prints as itself',
  (_, registry, name) => {
    const values = Object.values(registry);
    expect(new Set(values).size).toBe(values.length);
    for (const [key, value] of Object.entries(registry)) expect(name(value)).toBe(key);
    const known = new Set(values);
    const misnamed: number[] = [];
    for (let value = 0; value < 0x10000; value++) {
      if (!known.has(value) && name(value) !== `(${value})`) misnamed.push(value);
    }
    expect(misnamed).toEqual([]);
  },
);

test('printed names of algorithms are those of charon', () => {
  const printed = (
    [
      [1, 20],
      [1, 3],
      [1, 21],
      [2, 5],
      [3, 12],
      [4, 31],
      [6, 36],
      [5, 0],
      [5, 1],
      [4, 0],
      [13, 7],
    ] as const
  ).map(([type, id]) => transformName(type, id));
  expect(printed.join(' ')).toBe(
    'AES_GCM_16 3DES_CBC NULL_AES_GMAC PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 CURVE_25519 ML_KEM_768 NO_EXT_SEQ EXT_SEQ KE_NONE (7)',
  );
});

test('short names of notifies are those of charon, and unique', () => {
  const short = Object.values(NotifyType).map(notifyShortName);
  expect(new Set(short).size).toBe(short.length);
  expect([14, 17, 24, 38, 16387, 16391, 16394, 16405, 16441].map(notifyShortName).join(' ')).toBe(
    'NO_PROP INVAL_KE AUTH_FAILED TS_UNACCEPT IPCOMP_SUP USE_TRANSP ESP_TFC_PAD_N AUTH_FOLLOWS ADD_KE',
  );
});

test('errors end at 16383, whether known or not', () => {
  expect([0, 7, 16383, 16384, 65535].map(isErrorNotify)).toEqual([true, true, true, false, false]);
});

test('key exchange types are 4 and 6 to 12', () => {
  const types = Array.from({ length: 256 }, (_, type) => type).filter(isKeyExchangeType);
  expect(types).toEqual([4, 6, 7, 8, 9, 10, 11, 12]);
});
