import { describe, expect, test } from 'vitest';
import { decodeAttributeCertificate } from '../../../../daemon/credentials/x509/decode-attribute-certificate.ts';
import { problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { nameKey } from '../../../../daemon/credentials/x509/names.ts';
import { derElement } from '../../../../daemon/proto/der.ts';
import { latin1 } from '../../../../daemon/util/bytes.ts';
import { der, extension, nameOf } from '../../../support/build-x509.ts';
import { decodeTools } from '../../../support/decode-tools.ts';
import {
  type AttributeCertificateParts,
  buildAttributeCertificate,
  groupAttribute,
} from '../../../support/x509-samples.ts';

function decode(parts: AttributeCertificateParts): ReturnType<typeof decodeAttributeCertificate> {
  return decodeAttributeCertificate(buildAttributeCertificate(parts), decodeTools);
}

const digest = (type: number, oid: string, octets: number): Uint8Array =>
  der.seq(
    der.explicit(
      2,
      derElement(0x0a, Uint8Array.of(type)),
      der.seq(der.oid(oid)),
      der.bits(new Uint8Array(octets).fill(5)),
    ),
  );

describe('an attribute certificate', () => {
  test('says whose it is, who made it, and the groups', () => {
    const result = decode({});
    if (!result.ok) throw new Error(problemText(result.problem));
    const { value } = result;
    expect(value).toMatchObject({
      kind: 'ac',
      holder: {
        certificate: {
          issuer: nameOf('CA'),
          issuerKey: nameKey(nameOf('CA'), 'test'),
          serial: Uint8Array.of(5),
        },
        names: [],
      },
      issuer: nameOf('AA'),
      issuerKey: nameKey(nameOf('AA'), 'test'),
      serial: Uint8Array.of(7),
      notBefore: Date.UTC(2025, 0, 1),
      notAfter: Date.UTC(2035, 0, 1),
      unknownCritical: [],
      scheme: { kind: 'ecdsa', hash: 'sha256', encoding: 'der' },
    });
    expect(value.groups.map(({ kind, value }) => [kind, latin1(value)])).toEqual([
      ['octets', 'sales'],
      ['oid', '1.2.3'],
      ['text', 'finance'],
    ]);
  });

  test('may name its holder by a name or by a digest', () => {
    const byName = decode({ holder: der.seq(der.explicit(1, der.explicit(4, nameOf('moon')))) });
    expect(byName.ok && byName.value.holder).toEqual({
      names: [{ kind: 'directory', name: nameOf('moon') }],
    });
    const byDigest = decode({ holder: digest(1, '2.16.840.1.101.3.4.2.1', 32) });
    expect(byDigest.ok && byDigest.value.holder.digest).toEqual({
      of: 'certificate',
      hash: 'sha256',
      value: new Uint8Array(32).fill(5),
    });
  });

  test('may name its holder in more than one way, as that of strongSwan does', () => {
    const result = decode({
      holder: der.seq(
        der.explicit(0, der.seq(der.explicit(4, nameOf('CA'))), der.int(5)),
        der.explicit(1, der.explicit(4, nameOf('moon'))),
      ),
    });
    expect(result.ok && result.value.holder).toMatchObject({
      certificate: { serial: Uint8Array.of(5) },
      names: [{ kind: 'directory' }],
    });
  });

  test('names critical extensions that are not processed, such as targets', () => {
    const result = decode({ extensions: [extension('2.5.29.55', der.seq(), true)] });
    expect(result.ok && result.value.unknownCritical).toEqual(['2.5.29.55']);
  });

  test.each<[what: string, parts: AttributeCertificateParts, text: RegExp]>([
    ['of version 1', { version: der.int(0) }, /version: 1, expected 2/],
    ['for nobody', { holder: der.seq() }, /holder: empty, expected a certificate/],
    ['for an unknown digest', { holder: digest(0, '1.2.3', 32) }, /neither of a key/],
    [
      'for a digest of something else',
      { holder: digest(2, '1.3.14.3.2.26', 20) },
      /neither of a key/,
    ],
    [
      'of an issuer in the old form',
      { issuer: der.seq(der.explicit(4, nameOf('AA'))) },
      /issuer: tag 30/,
    ],
    [
      'of two issuers',
      {
        issuer: der.explicit(
          0,
          der.seq(der.explicit(4, nameOf('A')), der.explicit(4, nameOf('B'))),
        ),
      },
      /one distinguished name/,
    ],
    [
      'with groups twice',
      { attributes: der.seq(groupAttribute, groupAttribute) },
      /two attributes/,
    ],
  ])('is refused: %s', (_what, parts, text) => {
    const result = decode(parts);
    expect(result.ok ? 'accepted' : problemText(result.problem)).toMatch(text);
  });
});
