import { encodeCertId } from '../../daemon/credentials/x509/cert-id.ts';
import type { OcspCertId } from '../../daemon/credentials/x509/certificate.ts';
import { derElement } from '../../daemon/proto/der.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import {
  buildCertificate,
  buildCrl,
  crlEntry,
  crlReason,
  der,
  ecdsaSha256,
  extension,
  nameOf,
} from './build-x509.ts';

const uri = (text: string): Uint8Array => der.implicit(6, utf8(text));
const dns = (text: string): Uint8Array => der.implicit(2, utf8(text));
const point = der.seq(
  der.explicit(0, der.explicit(0, uri('http://crl.example.org/a.crl'))),
  der.implicit(1, Uint8Array.of(5, 0x60)),
  der.explicit(2, der.explicit(4, nameOf('CRL issuer'))),
);
const generalNames = der.seq(
  dns('moon.example.org'),
  der.implicit(1, utf8('a@example.org')),
  der.implicit(7, Uint8Array.of(10, 0, 0, 1)),
  uri('http://example.org/'),
  der.explicit(4, nameOf('Other')),
  der.explicit(0, der.oid('1.3.6.1.5.5.7.8.5'), der.explicit(0, der.text(0x0c, 'a@b'))),
  der.implicit(8, Uint8Array.of(0x2a, 3)),
);

/** A certificate with every extension that is decoded. */
export const fullCertificate: Uint8Array = buildCertificate({
  issuer: nameOf(['2.5.4.6', 'CH'], 'CA'),
  extensions: [
    extension('2.5.29.14', der.octets(new Uint8Array(20).fill(1))),
    extension(
      '2.5.29.35',
      der.seq(
        der.implicit(0, new Uint8Array(20).fill(2)),
        der.explicit(1, der.explicit(4, nameOf('CA'))),
        der.implicit(2, Uint8Array.of(5)),
      ),
    ),
    extension('2.5.29.15', der.bits(Uint8Array.of(0x86), 1), true),
    extension('2.5.29.17', generalNames),
    extension('2.5.29.19', der.seq(der.bool(true), der.int(3)), true),
    extension(
      '2.5.29.30',
      der.seq(
        der.explicit(0, der.seq(dns('example.org'))),
        der.explicit(1, der.seq(der.implicit(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0)))),
      ),
      true,
    ),
    extension('2.5.29.31', der.seq(point)),
    extension(
      '2.5.29.32',
      der.seq(
        der.seq(der.oid('1.2.3.4')),
        der.seq(
          der.oid('1.2.3.5'),
          der.seq(der.seq(der.oid('1.3.6.1.5.5.7.2.1'), der.text(0x16, 'http://example.org/cps'))),
        ),
      ),
    ),
    extension('2.5.29.33', der.seq(der.seq(der.oid('1.2.3.4'), der.oid('1.2.3.6')))),
    extension(
      '2.5.29.36',
      der.seq(der.implicit(0, Uint8Array.of(0)), der.implicit(1, Uint8Array.of(2))),
      true,
    ),
    extension('2.5.29.37', der.seq(der.oid('1.3.6.1.5.5.7.3.17'), der.oid('1.3.6.1.5.5.7.3.2'))),
    extension('2.5.29.46', der.seq(point)),
    extension('2.5.29.54', der.int(1)),
    extension(
      '1.3.6.1.5.5.7.1.1',
      der.seq(
        der.seq(der.oid('1.3.6.1.5.5.7.48.1'), uri('http://ocsp.example.org/')),
        der.seq(der.oid('1.3.6.1.5.5.7.48.2'), uri('http://example.org/ca.crt')),
      ),
    ),
    extension(
      '1.3.6.1.5.5.7.1.7',
      der.seq(
        der.seq(
          der.octets(Uint8Array.of(0, 1)),
          der.seq(
            der.bits(Uint8Array.of(10, 0)),
            der.seq(der.bits(Uint8Array.of(10, 2)), der.bits(Uint8Array.of(10, 4, 0x80), 7)),
          ),
        ),
        der.seq(der.octets(Uint8Array.of(0, 2, 1)), der.null()),
      ),
      true,
    ),
    extension('1.3.6.1.5.5.7.48.1.5', der.null()),
  ],
});

/** An indirect delta CRL with entries of every kind. */
export const fullCrl: Uint8Array = buildCrl({
  extensions: [
    extension('2.5.29.20', der.int(2)),
    extension('2.5.29.27', der.int(1), true),
    extension('2.5.29.28', der.seq(der.implicit(4, Uint8Array.of(0xff))), true),
    extension('2.5.29.35', der.seq(der.implicit(0, new Uint8Array(20).fill(2)))),
    extension('2.5.29.46', der.seq(point)),
  ],
  entries: [
    crlEntry([1]),
    crlEntry([2], [crlReason(1)]),
    crlEntry(
      [3],
      [
        crlReason(8),
        extension('2.5.29.24', der.time('20250101000000Z')),
        extension('2.5.29.29', der.seq(der.explicit(4, nameOf('Other'))), true),
      ],
    ),
    crlEntry([0, 0x80, 4], [crlReason(6)], '20510101000000Z'),
  ],
});

/** A name of a certificate as OCSP has it. */
export const certId: OcspCertId = {
  hash: 'sha256',
  issuerNameHash: new Uint8Array(32).fill(1),
  issuerKeyHash: new Uint8Array(32).fill(2),
  serial: Uint8Array.of(0, 0xff),
};

/** A response with answers of every kind, a nonce and a certificate. */
export const ocspResponse: Uint8Array = ((): Uint8Array => {
  const revoked = der.explicit(
    1,
    der.time('20251224180000Z'),
    der.explicit(0, derElement(0x0a, Uint8Array.of(1))),
  );
  const next = der.explicit(0, der.time('20260108000000Z'));
  const single = (status: Uint8Array): Uint8Array =>
    der.seq(encodeCertId(certId), status, der.time('20260101000000Z'), next);
  const data = der.seq(
    der.explicit(1, nameOf('Responder')),
    der.time('20260102000000Z'),
    der.seq(single(derElement(0x80)), single(revoked), single(derElement(0x82))),
    der.explicit(1, der.seq(extension('1.3.6.1.5.5.7.48.1.2', der.octets(new Uint8Array(16))))),
  );
  const certificates = der.explicit(0, der.seq(buildCertificate()));
  const basic = der.seq(data, ecdsaSha256, der.bits(Uint8Array.of(9)), certificates);
  const bytes = der.seq(der.oid('1.3.6.1.5.5.7.48.1.1'), der.octets(basic));
  return der.seq(derElement(0x0a, Uint8Array.of(0)), der.explicit(0, bytes));
})();

/** What a built attribute certificate may differ in, DER. */
export interface AttributeCertificateParts {
  readonly version?: Uint8Array;
  readonly holder?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly attributes?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
}

/** An attribute of groups: octets, an OID and a text. */
export const groupAttribute: Uint8Array = der.seq(
  der.oid('1.3.6.1.5.5.7.10.4'),
  der.set(der.seq(der.seq(der.octets(utf8('sales')), der.oid('1.2.3'), der.text(0x0c, 'finance')))),
);

/** An attribute certificate with a signature that is none. */
export function buildAttributeCertificate(parts: AttributeCertificateParts = {}): Uint8Array {
  const directory = der.seq(der.explicit(4, nameOf('CA')));
  const info = der.seq(
    parts.version ?? der.int(1),
    parts.holder ?? der.seq(der.explicit(0, directory, der.int(5))),
    parts.issuer ?? der.explicit(0, der.seq(der.explicit(4, nameOf('AA')))),
    ecdsaSha256,
    der.int(7),
    der.seq(der.time('20250101000000Z'), der.time('20350101000000Z')),
    parts.attributes ?? der.seq(groupAttribute),
    der.seq(...(parts.extensions ?? [extension('2.5.29.56', der.null())])),
  );
  return der.seq(info, ecdsaSha256, der.bits(Uint8Array.of(3)));
}

export const attributeCertificate: Uint8Array = buildAttributeCertificate();

/** A PKCS#7 bundle of two certificates and a CRL. */
export const pkcs7: Uint8Array = der.seq(
  der.oid('1.2.840.113549.1.7.2'),
  der.explicit(
    0,
    der.seq(
      der.int(1),
      der.set(),
      der.seq(der.oid('1.2.840.113549.1.7.1')),
      der.explicit(0, buildCertificate(), buildCertificate({ serial: der.int(2) })),
      der.explicit(1, buildCrl()),
      der.set(),
    ),
  ),
);
