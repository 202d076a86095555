import type { Crypto } from '../contracts/crypto.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import {
  EncryptionId as E,
  IntegrityId as I,
  KeMethod as K,
  PrfId as P,
  SnId,
  TransformType,
} from '../proto/iana/transforms.ts';
import type { Proposal, Transform } from '../proto/proposal.ts';

/** What the word `default` stands for: the default proposals restricted to what has a provider. */
export function defaultIkeProposals(crypto: Crypto): readonly Proposal[] {
  const prfs = transforms(TransformType.PRF, PRFS).filter(({ id }) => crypto.prf(id));
  const methods = keyExchanges(crypto);
  const ciphers = sized(CLASSIC).filter(({ id, keyLength }) => crypto.cipher(id, keyLength));
  const macs = transforms(TransformType.INTEG, IKE_MACS).filter(({ id }) => crypto.mac(id));
  const aeads = sized(AEADS).filter(({ id, keyLength }) => crypto.aead(id, keyLength));
  if (prfs.length === 0 || methods.length === 0) return [];
  const proposals: Proposal[] = [];
  if (ciphers.length > 0 && macs.length > 0)
    proposals.push(proposal(ProtocolId.IKE, [...ciphers, ...macs, ...prfs, ...methods]));
  if (aeads.length > 0) proposals.push(proposal(ProtocolId.IKE, [...aeads, ...prfs, ...methods]));
  return proposals;
}

/** Default proposals of ESP: ciphers are the kernel's business, key exchange methods need a provider. */
export function defaultEspProposals(crypto: Crypto): readonly Proposal[] {
  const rest = childRest(crypto);
  const macs = transforms(TransformType.INTEG, CHILD_MACS);
  return [
    proposal(ProtocolId.ESP, [...sized([[E.AES_GCM_16, ALL]]), ...rest]),
    proposal(ProtocolId.ESP, [...sized([[E.AES_CBC, ALL]]), ...macs, ...rest]),
  ];
}

/** Default proposal of AH. */
export function defaultAhProposals(crypto: Crypto): readonly Proposal[] {
  const macs = transforms(TransformType.INTEG, CHILD_MACS);
  return [proposal(ProtocolId.AH, [...macs, ...childRest(crypto)])];
}

type Sizes = readonly (number | undefined)[];

const ALL: Sizes = [128, 192, 256];
const FIXED: Sizes = [undefined];

const CLASSIC: readonly (readonly [number, Sizes])[] = [
  [E.AES_CBC, ALL],
  [E.AES_CTR, ALL],
  [E.CAMELLIA_CBC, ALL],
  [E.CAMELLIA_CTR, ALL],
  [E['3DES_CBC'], FIXED],
];

const AEADS: readonly (readonly [number, Sizes])[] = [
  [E.AES_CCM_16, ALL],
  [E.AES_GCM_16, ALL],
  [E.CHACHA20_POLY1305, FIXED],
  [E.CAMELLIA_CCM_16, ALL],
  [E.AES_CCM_8, ALL],
  [E.AES_CCM_12, ALL],
  [E.AES_GCM_8, ALL],
  [E.AES_GCM_12, ALL],
  [E.CAMELLIA_CCM_8, ALL],
  [E.CAMELLIA_CCM_12, ALL],
];

const IKE_MACS: readonly number[] = [
  I.HMAC_SHA2_256_128,
  I.HMAC_SHA2_384_192,
  I.HMAC_SHA2_512_256,
  I.AES_XCBC_96,
  I.AES_CMAC_96,
  I.HMAC_SHA1_96,
];

const CHILD_MACS: readonly number[] = [
  I.HMAC_SHA2_256_128,
  I.HMAC_SHA2_384_192,
  I.HMAC_SHA2_512_256,
  I.HMAC_SHA1_96,
  I.AES_XCBC_96,
];

const PRFS: readonly number[] = [
  P.PRF_HMAC_SHA2_256,
  P.PRF_HMAC_SHA2_384,
  P.PRF_HMAC_SHA2_512,
  P.PRF_AES128_XCBC,
  P.PRF_AES128_CMAC,
  P.PRF_HMAC_SHA1,
];

const METHODS: readonly number[] = [
  K.ECP_256,
  K.ECP_384,
  K.ECP_521,
  K.ECP_256_BP,
  K.ECP_384_BP,
  K.ECP_512_BP,
  K.CURVE_25519,
  K.CURVE_448,
  K.MODP_3072,
  K.MODP_4096,
  K.MODP_6144,
  K.MODP_8192,
  K.MODP_2048,
];

function keyExchanges(crypto: Crypto): Transform[] {
  return transforms(TransformType.KE, METHODS).filter(({ id }) => crypto.keyExchange(id));
}

function childRest(crypto: Crypto): Transform[] {
  return [
    ...keyExchanges(crypto),
    { type: TransformType.KE, id: K.KE_NONE },
    { type: TransformType.SN, id: SnId.NO_EXT_SEQ },
  ];
}

function proposal(protocol: number, all: readonly Transform[]): Proposal {
  return { number: 0, protocol, spi: new Uint8Array(0), transforms: all };
}

function transforms(type: number, ids: readonly number[]): Transform[] {
  return ids.map((id) => ({ type, id }));
}

function sized(rows: readonly (readonly [number, Sizes])[]): Transform[] {
  const type = TransformType.ENCR;
  return rows.flatMap(([id, sizes]) =>
    sizes.map((keyLength) => (keyLength === undefined ? { type, id } : { type, id, keyLength })),
  );
}
