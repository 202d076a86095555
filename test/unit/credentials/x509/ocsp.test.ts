import { OCSPRequest } from '@peculiar/asn1-ocsp';
import { AsnConvert } from '@peculiar/asn1-schema';
import { describe, expect, test } from 'vitest';
import { certIdOf, encodeCertId, sameCertId } from '../../../../daemon/credentials/x509/cert-id.ts';
import type { OcspCertId, OcspResponse } from '../../../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../../../daemon/credentials/x509/decode-certificate.ts';
import { decodeOcspResponse } from '../../../../daemon/credentials/x509/decode-ocsp.ts';
import { problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { nameKey } from '../../../../daemon/credentials/x509/names.ts';
import {
  decodeOcspRequest,
  encodeOcspRequest,
} from '../../../../daemon/credentials/x509/ocsp-request.ts';
import { derElement } from '../../../../daemon/proto/der.ts';
import {
  buildCertificate,
  der,
  ecdsaSha256,
  extension,
  nameOf,
} from '../../../support/build-x509.ts';
import { decodeTools } from '../../../support/decode-tools.ts';

const id: OcspCertId = {
  hash: 'sha1',
  issuerNameHash: new Uint8Array(20).fill(1),
  issuerKeyHash: new Uint8Array(20).fill(2),
  serial: Uint8Array.of(0, 0xff),
};
const NONCE = '1.3.6.1.5.5.7.48.1.2';

interface ResponseParts {
  readonly status?: number;
  readonly type?: string;
  readonly responder?: Uint8Array;
  readonly producedAt?: string;
  readonly singles?: readonly Uint8Array[];
  readonly extensions?: readonly Uint8Array[];
  readonly certificates?: readonly Uint8Array[];
}

const good = derElement(0x80);
const single = (
  status: Uint8Array,
  certId: Uint8Array = encodeCertId(id),
  ...rest: readonly Uint8Array[]
): Uint8Array => der.seq(certId, status, der.time('20260101000000Z'), ...rest);

function build(parts: ResponseParts): Uint8Array {
  const { extensions, certificates } = parts;
  const data = der.seq(
    parts.responder ?? der.explicit(1, nameOf('Responder')),
    der.time(parts.producedAt ?? '20260102000000Z'),
    der.seq(...(parts.singles ?? [single(good)])),
    ...(extensions === undefined ? [] : [der.explicit(1, der.seq(...extensions))]),
  );
  const certs = certificates === undefined ? [] : [der.explicit(0, der.seq(...certificates))];
  const basic = der.seq(data, ecdsaSha256, der.bits(Uint8Array.of(9)), ...certs);
  const bytes = der.seq(der.oid(parts.type ?? '1.3.6.1.5.5.7.48.1.1'), der.octets(basic));
  return der.seq(
    derElement(0x0a, Uint8Array.of(parts.status ?? 0)),
    ...(parts.status === undefined ? [der.explicit(0, bytes)] : []),
  );
}

function decoded(parts: ResponseParts): OcspResponse {
  const result = decodeOcspResponse(build(parts), decodeTools);
  if (!result.ok) throw new Error(problemText(result.problem));
  return result.value;
}

function problem(parts: ResponseParts): string {
  const result = decodeOcspResponse(build(parts), decodeTools);
  return result.ok ? 'accepted' : problemText(result.problem);
}

describe('an OCSP response', () => {
  test('has the values of its fields', () => {
    const nonce = Uint8Array.from({ length: 16 }, (_, i) => i);
    const response = decoded({
      extensions: [extension(NONCE, der.octets(nonce)), extension('1.2.3', der.null(), true)],
      singles: [single(good, encodeCertId(id), der.explicit(0, der.time('20260108000000Z')))],
    });
    expect(response).toMatchObject({
      kind: 'ocsp',
      responder: { nameKey: nameKey(nameOf('Responder'), 'test') },
      producedAt: Date.UTC(2026, 0, 2),
      nonce,
      unknownCritical: ['1.2.3'],
      certificates: [],
      signature: Uint8Array.of(9),
    });
    expect(response.responses).toEqual([
      { id, status: 'good', thisUpdate: Date.UTC(2026, 0, 1), nextUpdate: Date.UTC(2026, 0, 8) },
    ]);
  });

  test('says revoked with date and reason, and unknown', () => {
    const revoked = der.explicit(
      1,
      der.time('20251224180000Z'),
      der.explicit(0, derElement(0x0a, Uint8Array.of(1))),
    );
    const response = decoded({ singles: [single(revoked), single(derElement(0x82))] });
    expect(
      response.responses.map(({ status, revokedAt, reason }) => [status, revokedAt, reason]),
    ).toEqual([
      ['revoked', Date.UTC(2025, 11, 24, 18), 'keyCompromise'],
      ['unknown', undefined, undefined],
    ]);
  });

  test('may name its signer by the hash of a key', () => {
    const keyHash = new Uint8Array(20).fill(7);
    expect(decoded({ responder: der.explicit(2, der.octets(keyHash)) }).responder).toEqual({
      keyHash,
    });
  });

  test('leaves out answers named with unknown hashes, and certificates that are none', () => {
    const md5 = der.seq(
      der.seq(der.oid('1.2.840.113549.2.5'), der.null()),
      der.octets(new Uint8Array(16)),
      der.octets(new Uint8Array(16)),
      der.int(1),
    );
    const response = decoded({
      singles: [single(good, md5), single(good)],
      certificates: [der.seq(), buildCertificate()],
    });
    expect(response.responses).toHaveLength(1);
    expect(response.certificates.map(({ kind }) => kind)).toEqual(['x509']);
  });

  test.each<[what: string, parts: ResponseParts, text: RegExp]>([
    ['a status that is not successful', { status: 3 }, /responseStatus: tryLater, expected succ/],
    ['an unassigned status', { status: 4 }, /responseStatus: an unassigned status/],
    ['success without a response', { status: 0 }, /responseBytes: missing/],
    ['another type', { type: '1.2.3' }, /responseType: 1\.2\.3, expected/],
    [
      'a responder by a short hash',
      { responder: der.explicit(2, der.octets(new Uint8Array(19))) },
      /19 octets/,
    ],
    ['a responder that is neither', { responder: der.explicit(3, der.null()) }, /neither a name/],
    [
      'a status of an answer that is none',
      { singles: [single(derElement(0x83))] },
      /expected good, rev/,
    ],
    [
      'good with contents',
      { singles: [single(derElement(0x80, Uint8Array.of(1)))] },
      /expected good, rev/,
    ],
    [
      'hashes of a wrong length',
      { singles: [single(good, encodeCertId({ ...id, hash: 'sha256' }))] },
      /not 32 octets/,
    ],
    [
      'a nonce twice',
      {
        extensions: [
          extension(NONCE, der.octets(Uint8Array.of(1))),
          extension(NONCE, der.octets(Uint8Array.of(1))),
        ],
      },
      /two ext/,
    ],
    [
      'an empty nonce',
      { extensions: [extension(NONCE, der.octets(new Uint8Array()))] },
      /nonce: 0 octets/,
    ],
    [
      'a nonce of 129 octets',
      { extensions: [extension(NONCE, der.octets(new Uint8Array(129)))] },
      /nonce: 129/,
    ],
    ['a short year', { producedAt: '260101000000Z' }, /producedAt: tag 17/],
    ['65 answers', { singles: new Array(65).fill(single(good)) }, /more than 64/],
  ])('is refused with %s', (_what, parts, text) => {
    expect(problem(parts)).toMatch(text);
  });
});

describe('an OCSP request', () => {
  test('is what the ASN.1 library and our own decoder read', () => {
    const nonce = Uint8Array.from({ length: 32 }, (_, i) => i);
    const octets = encodeOcspRequest({ ids: [id], nonce });
    const { tbsRequest } = AsnConvert.parse(octets, OCSPRequest);
    const certId = tbsRequest.requestList[0]?.reqCert;
    expect(certId?.hashAlgorithm.algorithm).toBe('1.3.14.3.2.26');
    expect(new Uint8Array(certId?.issuerKeyHash.buffer ?? new ArrayBuffer(0))).toEqual(
      id.issuerKeyHash,
    );
    expect(new Uint8Array(certId?.serialNumber ?? new ArrayBuffer(0))).toEqual(id.serial);
    expect(tbsRequest.requestExtensions?.map(({ extnID }) => extnID)).toEqual([
      NONCE,
      '1.3.6.1.5.5.7.48.1.4',
    ]);
    expect(decodeOcspRequest(octets)).toEqual({ ok: true, value: { ids: [id], nonce } });
  });

  test('names a certificate by the hashes of its issuer', () => {
    const result = decodeCertificate(buildCertificate({ serial: der.int(0x12) }), decodeTools);
    if (!result.ok) throw new Error(problemText(result.problem));
    const certificate = result.value;
    for (const hash of ['sha1', 'sha256'] as const) {
      const named = certIdOf(certificate, certificate, hash, decodeTools);
      expect(named?.issuerNameHash).toEqual(decodeTools.hash(hash, certificate.issuer));
      expect(named?.serial).toEqual(Uint8Array.of(0x12));
    }
    const named = certIdOf(certificate, certificate, 'sha1', decodeTools);
    if (named === undefined) throw new Error('no CertID');
    expect(Buffer.from(named.issuerKeyHash).toString('hex')).toBe(certificate.publicKey?.keyId);
    expect(sameCertId(named, { ...named, serial: Uint8Array.of(0x13) })).toBe(false);
    expect(sameCertId(named, { ...named, hash: 'sha256' })).toBe(false);
    expect(sameCertId(named, { ...named })).toBe(true);
  });
});
