import { describe, expect, test } from 'vitest';
import { credentialBlocks } from '../../../daemon/credentials/credential-blocks.ts';
import { readCredentials } from '../../../daemon/credentials/read-credentials.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { buildCertificate, buildCrl, der, extension, nameOf } from '../../support/build-x509.ts';
import { decodeTools } from '../../support/decode-tools.ts';
import { pkcs7 } from '../../support/x509-samples.ts';

const pem = (label: string, octets: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(octets).toString('base64')}\n-----END ${label}-----\n`;

describe('a PKCS#7 bundle', () => {
  test('is its certificates or its CRLs, in PEM and in DER', () => {
    for (const data of [pkcs7, utf8(pem('PKCS7', pkcs7)), utf8(pem('CMS', pkcs7))]) {
      const certificates = credentialBlocks(data, 'X509');
      expect(certificates.ok && certificates.blocks.map((block) => block.der)).toEqual([
        buildCertificate(),
        buildCertificate({ serial: der.int(2) }),
      ]);
      const crls = credentialBlocks(data, 'X509_CRL');
      expect(crls.ok && crls.blocks.map((block) => block.der)).toEqual([buildCrl()]);
    }
  });

  test('may stand between certificates', () => {
    const text = pem('CERTIFICATE', buildCertificate()) + pem('PKCS7', pkcs7);
    const blocks = credentialBlocks(utf8(text), 'X509');
    expect(blocks.ok && blocks.blocks.map(({ bundled }) => bundled)).toEqual([false, true, true]);
  });

  test('that is malformed, or empty, is named', () => {
    const broken = pkcs7.slice(0, -1);
    expect(credentialBlocks(utf8(pem('PKCS7', broken)), 'X509')).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^a PKCS#7 container \(pkcs7: element/),
    });
    const empty = der.seq(
      der.oid('1.2.840.113549.1.7.2'),
      der.explicit(
        0,
        der.seq(der.int(1), der.set(), der.seq(der.oid('1.2.840.113549.1.7.1')), der.set()),
      ),
    );
    expect(credentialBlocks(empty, 'X509')).toEqual({
      ok: false,
      reason: 'a PKCS#7 container with nothing of that kind in it',
    });
  });

  test('is no public key', () => {
    const blocks = credentialBlocks(pkcs7, 'PUBKEY');
    expect(blocks.ok && blocks.blocks).toEqual([{ der: pkcs7, label: undefined, bundled: false }]);
  });

  test('lends its CAs no trust unless it was loaded as one of CAs, wherever they stand in it', () => {
    const ca = extension('2.5.29.19', der.seq(der.bool(true)), true);
    const bundle = (...certificates: readonly Uint8Array[]): Uint8Array =>
      der.seq(
        der.oid('1.2.840.113549.1.7.2'),
        der.explicit(
          0,
          der.seq(
            der.int(1),
            der.set(),
            der.seq(der.oid('1.2.840.113549.1.7.1')),
            der.explicit(0, ...certificates),
            der.set(),
          ),
        ),
      );
    const chain = [
      buildCertificate({ subject: nameOf('CA'), extensions: [ca] }),
      buildCertificate(),
    ];
    const trusted = (flag: 'NONE' | 'CA', data: Uint8Array): unknown => {
      const read = readCredentials({ type: 'X509', flag, data }, decodeTools);
      return read.ok ? read.credentials.map((loaded) => loaded.trusted) : read.explanation;
    };
    expect(trusted('NONE', bundle(...chain))).toEqual([false, true]);
    expect(trusted('NONE', bundle(...chain.toReversed()))).toEqual([true, false]);
    expect(trusted('CA', bundle(...chain.slice(0, 1)))).toEqual([true]);
  });
});
