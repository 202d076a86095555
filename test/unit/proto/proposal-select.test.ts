import { describe, expect, test } from 'vitest';
import { type ProposalKind, parseProposals } from '../../../daemon/config/proposals-text.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import { TransformType } from '../../../daemon/proto/iana/transforms.ts';
import type { Proposal, Transform } from '../../../daemon/proto/proposal.ts';
import { printProposal } from '../../../daemon/proto/proposal-print.ts';
import { type SelectOptions, selectProposal } from '../../../daemon/proto/proposal-select.ts';
import { stripKeyExchanges } from '../../../daemon/proto/proposal-transforms.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { octetsOf } from '../../support/hex.ts';

const crypto = createCrypto([nodeCryptoProvider()]);
const SPI = octetsOf('c0000001');

function configured(kind: ProposalKind, ...items: string[]): readonly Proposal[] {
  return parseProposals(kind, items, crypto);
}

/** The same as the peer would send it: numbered from 1, with an SPI. */
function received(kind: ProposalKind, ...items: string[]): readonly Proposal[] {
  return configured(kind, ...items).map((proposal, i) => ({
    ...proposal,
    number: i + 1,
    spi: SPI,
  }));
}

function withTransforms(kind: ProposalKind, transforms: readonly Transform[]): Proposal {
  const protocol = { ike: 1, ah: 2, esp: 3 }[kind];
  return { number: 1, protocol, spi: SPI, transforms };
}

const prefer: SelectOptions = { preferConfigured: true };

function outcome(
  ours: readonly Proposal[],
  theirs: readonly Proposal[],
  options: SelectOptions = prefer,
): string {
  const selection = selectProposal(ours, theirs, options);
  return selection.ok ? printProposal(selection.proposal) : 'none';
}

describe('selectProposal', () => {
  test('takes number and SPI of the received proposal, one transform of each type', () => {
    const selection = selectProposal(
      configured('esp', 'aes256-sha512', 'aes128-sha256'),
      received('esp', 'aes192-sha1', 'aes128gcm16', 'aes128-sha1-sha256'),
      prefer,
    );
    expect(selection).toMatchObject({ ok: true, proposal: { number: 3, protocol: 3, spi: SPI } });
    if (!selection.ok) return;
    expect(printProposal(selection.proposal)).toBe('ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ');
    expect(printProposal(selection.configured)).toBe(
      'ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ',
    );
    expect(selection.received.number).toBe(3);
  });

  test('the preferred list decides about proposals and about algorithms', () => {
    const ours = configured(
      'ike',
      'aes256-aes128-sha512-sha256-x25519-ecp256',
      'aes192-sha1-modp2048',
    );
    const theirs = received(
      'ike',
      'aes192-sha1-modp2048',
      'aes128-aes256-sha256-sha512-ecp256-x25519',
    );
    expect(outcome(ours, theirs)).toBe(
      'IKE:AES_CBC_256/HMAC_SHA2_512_256/PRF_HMAC_SHA2_512/CURVE_25519',
    );
    expect(outcome(ours, theirs, { preferConfigured: false })).toBe(
      'IKE:AES_CBC_192/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048',
    );
    expect(outcome(ours, theirs.slice(1), { preferConfigured: false })).toBe(
      'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256',
    );
  });

  test('key lengths must be equal, missing ones too', () => {
    expect(outcome(configured('esp', 'aes128'), received('esp', 'aes256'))).toBe('none');
    const bare = withTransforms('esp', [
      { type: TransformType.ENCR, id: 12 },
      { type: TransformType.SN, id: 0 },
    ]);
    expect(outcome(configured('esp', 'aes128'), [bare])).toBe('none');
    expect(
      outcome(configured('esp', 'chacha20poly1305'), received('esp', 'chacha20poly1305compat')),
    ).toBe('none');
  });

  test('the protocol must be equal', () => {
    const selection = selectProposal(
      configured('ah', 'sha256'),
      received('esp', 'null-sha256'),
      prefer,
    );
    expect(selection).toEqual({
      ok: false,
      nearest: undefined,
      reason:
        'no proposal of one protocol: received ESP:NULL/HMAC_SHA2_256_128/NO_EXT_SEQ, ' +
        'configured AH:HMAC_SHA2_256_128/NO_EXT_SEQ',
    });
  });

  describe('integrity', () => {
    test('is ignored if the selected cipher is an AEAD', () => {
      const theirs = received('ike', 'aes128gcm16-prfsha256-x25519').map((proposal) => ({
        ...proposal,
        transforms: [...proposal.transforms, { type: TransformType.INTEG, id: 12 }],
      }));
      const expected = 'IKE:AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519';
      expect(outcome(configured('ike', 'aes128gcm16-prfsha256-x25519'), theirs)).toBe(expected);
    });

    test('NONE says the same as nothing', () => {
      const none = { type: TransformType.INTEG, id: 0 };
      const add = (proposals: readonly Proposal[]): Proposal[] =>
        proposals.map((one) => ({ ...one, transforms: [...one.transforms, none] }));
      expect(outcome(configured('esp', 'aes128gcm16'), add(received('esp', 'aes128gcm16')))).toBe(
        'ESP:AES_GCM_16_128/NO_EXT_SEQ',
      );
      expect(outcome(configured('esp', 'aes128'), add(received('esp', 'aes128')))).toBe(
        'ESP:AES_CBC_128/NO_EXT_SEQ',
      );
      expect(outcome(configured('esp', 'aes128-sha256'), add(received('esp', 'aes128')))).toBe(
        'none',
      );
    });

    test('SEC-05: missing with a classic cipher is refused', () => {
      expect(outcome(configured('esp', 'aes128-sha256'), received('esp', 'aes128'))).toBe('none');
    });
  });

  describe('sequence numbers', () => {
    test.each([
      ['aes128', 'aes128-esn', 'none'],
      ['aes128-esn-noesn', 'aes128-noesn-esn', 'ESP:AES_CBC_128/EXT_SEQ'],
      ['aes128-esn-noesn', 'aes128', 'ESP:AES_CBC_128/NO_EXT_SEQ'],
    ])('%s with %s', (ours, theirs, expected) => {
      expect(outcome(configured('esp', ours), received('esp', theirs))).toBe(expected);
    });

    test('SEC-05: a proposal for ESP without them is refused', () => {
      const theirs = received('esp', 'aes128').map((proposal) => ({
        ...proposal,
        transforms: proposal.transforms.filter(({ type }) => type !== TransformType.SN),
      }));
      expect(outcome(configured('esp', 'aes128'), theirs)).toBe('none');
    });
  });

  describe('key exchange', () => {
    test('of ESP may be missing on a side if the other one lists NONE', () => {
      const with25519 = 'aes128-x25519-none';
      expect(outcome(configured('esp', with25519), received('esp', 'aes128'))).toBe(
        'ESP:AES_CBC_128/NO_EXT_SEQ',
      );
      expect(outcome(configured('esp', 'aes128'), received('esp', with25519))).toBe(
        'ESP:AES_CBC_128/KE_NONE/NO_EXT_SEQ',
      );
      expect(outcome(configured('esp', with25519), received('esp', with25519))).toBe(
        'ESP:AES_CBC_128/CURVE_25519/NO_EXT_SEQ',
      );
    });

    test('SEC-35: of ESP may not be missing otherwise (PFS is not negotiated away)', () => {
      expect(outcome(configured('esp', 'aes128-x25519'), received('esp', 'aes128'))).toBe('none');
      expect(outcome(configured('esp', 'aes128'), received('esp', 'aes128-x25519'))).toBe('none');
      expect(outcome(configured('esp', 'aes128-x25519'), received('esp', 'aes128-none'))).toBe(
        'none',
      );
    });

    test('SEC-05: NONE or nothing is no key exchange for IKE', () => {
      const ours = configured('ike', 'aes128-sha256-x25519');
      const [theirs] = received('ike', 'aes128-sha256-x25519');
      if (theirs === undefined) throw new Error('nothing parsed');
      const rest = theirs.transforms.filter(({ type }) => type !== TransformType.KE);
      const none = { type: TransformType.KE, id: 0 };
      expect(outcome(ours, [{ ...theirs, transforms: rest }])).toBe('none');
      expect(outcome(ours, [{ ...theirs, transforms: [...rest, none] }])).toBe('none');
    });

    test('is left out where it cannot be used', () => {
      const options = { preferConfigured: true, ignoreKe: true };
      const ours = configured('esp', 'aes128-x25519-ke1_ecp256');
      expect(outcome(ours, received('esp', 'aes128-modp2048'), options)).toBe(
        'ESP:AES_CBC_128/NO_EXT_SEQ',
      );
      const both = configured('esp', 'aes128-x25519', 'aes128-ecp256', 'aes256');
      expect(stripKeyExchanges(both).map(printProposal)).toEqual([
        'ESP:AES_CBC_128/NO_EXT_SEQ',
        'ESP:AES_CBC_256/NO_EXT_SEQ',
      ]);
    });

    test('additional ones differ from the main one and from each other, RFC 9370', () => {
      const text = 'aes128-sha256-x25519-ke1_x25519-ke1_ecp256-ke2_ecp256-ke2_x25519-ke2_ecp384';
      expect(outcome(configured('ike', text), received('ike', text))).toBe(
        'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519/KE1_ECP_256/KE2_ECP_384',
      );
      const twice = 'aes128-sha256-x25519-ke1_x25519';
      expect(outcome(configured('ike', twice), received('ike', twice))).toBe('none');
    });

    test('an additional one may be missing if the other side lists NONE', () => {
      const plain = 'aes128-sha256-x25519';
      const expected = 'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519';
      expect(
        outcome(configured('ike', `${plain}-ke1_ecp256-ke1_none`), received('ike', plain)),
      ).toBe(expected);
      expect(
        outcome(configured('ike', plain), received('ike', `${plain}-ke1_none-ke1_ecp256`)),
      ).toBe(`${expected}/KE1_KE_NONE`);
      expect(outcome(configured('ike', `${plain}-ke1_ecp256`), received('ike', plain))).toBe(
        'none',
      );
    });
  });

  test('SEC-03: unknown transform types and ids never match', () => {
    const [theirs] = received('esp', 'aes128');
    if (theirs === undefined) throw new Error('nothing parsed');
    const strange = { type: 13, id: 1 };
    expect(
      outcome(configured('esp', 'aes128'), [
        { ...theirs, transforms: [...theirs.transforms, strange] },
      ]),
    ).toBe('none');
    expect(outcome(configured('esp', 'aes128'), [withTransforms('esp', [])])).toBe('none');
    for (let id = 0; id < 0x10000; id += 257) {
      const transforms = theirs.transforms.map((transform) =>
        transform.type === TransformType.ENCR && id !== 12 ? { ...transform, id } : transform,
      );
      expect(outcome(configured('esp', 'aes128'), [withTransforms('esp', transforms)])).toBe(
        id === 12 ? 'ESP:AES_CBC_128/NO_EXT_SEQ' : 'none',
      );
    }
  });

  test('private-use ids need to be asked for', () => {
    const ours = configured('esp', 'aes128-sha256_96');
    const theirs = received('esp', 'aes128-sha256_96');
    expect(outcome(ours, theirs)).toBe('none');
    expect(outcome(ours, theirs, { preferConfigured: true, acceptPrivate: true })).toBe(
      'ESP:AES_CBC_128/HMAC_SHA2_256_96/NO_EXT_SEQ',
    );
  });

  test('a failure names the nearest pair, the types that differ and both lists', () => {
    const selection = selectProposal(
      configured('ike', 'aes256-sha512-x448', 'aes128-aes256-sha256-x25519-ecp256'),
      received('ike', 'aes192-sha1-modp2048', 'aes128-sha256-modp2048-modp3072'),
      prefer,
    );
    if (selection.ok) throw new Error('selected');
    expect(selection.nearest?.received.number).toBe(2);
    expect(selection.nearest?.types).toEqual([
      {
        type: TransformType.KE,
        configured: [
          { type: 4, id: 31 },
          { type: 4, id: 19 },
        ],
        received: [
          { type: 4, id: 14 },
          { type: 4, id: 15 },
        ],
      },
    ]);
    expect(selection.reason).toBe(
      'nearest is configured IKE:AES_CBC_128/AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/' +
        'CURVE_25519/ECP_256 with received proposal 2, which differ in ' +
        'KE (configured CURVE_25519|ECP_256, received MODP_2048|MODP_3072)',
    );
  });

  test('nothing received or configured is a failure too', () => {
    expect(selectProposal([], [], prefer)).toMatchObject({ ok: false, nearest: undefined });
    expect(selectProposal(configured('esp', 'aes128'), [], prefer).ok).toBe(false);
  });
});

test('printProposal shows what it does not know', () => {
  expect(
    printProposal({
      number: 1,
      protocol: 77,
      spi: SPI,
      transforms: [
        { type: 13, id: 5 },
        { type: 1, id: 999, keyLength: 64 },
        { type: 6, id: 36 },
      ],
    }),
  ).toBe('(77):(999)_64/KE1_ML_KEM_768/(5)');
});
