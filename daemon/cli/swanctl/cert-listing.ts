import { findText, findValue, type Tree } from '../../config/tree.ts';
import type { Terminal } from '../../contracts/terminal.ts';
import { decodeAttributeCertificate } from '../../credentials/x509/decode-attribute-certificate.ts';
import { decodeCertificate } from '../../credentials/x509/decode-certificate.ts';
import { decodeCrl } from '../../credentials/x509/decode-crl.ts';
import { decodeOcspResponse } from '../../credentials/x509/decode-ocsp.ts';
import type { DecodeTools } from '../../credentials/x509/tools.ts';
import { attributeCertificateText } from './attribute-certificate-text.ts';
import { type CertStyle, certificateText, rawKeyText } from './cert-text.ts';
import { crlText, ocspText } from './revocation-text.ts';

/** Prints certificates one by one, with a caption whenever their kind changes. */
export class CertListing {
  readonly #terminal: Terminal;
  readonly #pemOnly: boolean;
  readonly #decoders: DecodeTools;
  readonly #style: CertStyle;
  #caption = '';

  constructor(
    terminal: Terminal,
    decoders: DecodeTools,
    options: {
      readonly short: boolean;
      readonly utc: boolean;
      readonly pem: boolean;
      /** Wall clock, milliseconds since 1970. */
      readonly now: number;
    },
  ) {
    this.#terminal = terminal;
    this.#pemOnly = options.pem;
    this.#decoders = decoders;
    this.#style = { ...options, hash: (octets) => decoders.hash('sha1', octets) };
  }

  /** Prints the certificate of a `list-cert` event. */
  show(data: Tree): void {
    const type = findText(data, 'type') ?? '';
    const der = findValue(data, 'data') ?? new Uint8Array(0);
    if (this.#pemOnly) {
      this.#pem(type, der);
      return;
    }
    const text = this.#text(type, der, data);
    if (text === undefined) {
      this.#terminal.error('parsing certificate failed\n');
      return;
    }
    this.#head(captionOf(type, findText(data, 'flag') ?? ''));
    this.#terminal.out(`\n${text}`);
  }

  #head(caption: string): void {
    if (caption !== this.#caption) this.#terminal.out(`\n${caption}\n`);
    this.#caption = caption;
  }

  #text(type: string, der: Uint8Array, data: Tree): string | undefined {
    const decoders = this.#decoders;
    const hasPrivateKey = findText(data, 'has_privkey') === 'yes';
    if (type === 'X509') {
      const decoded = decodeCertificate(der, decoders);
      return decoded.ok ? certificateText(decoded.value, hasPrivateKey, this.#style) : undefined;
    }
    if (type === 'X509_CRL') {
      const decoded = decodeCrl(der, decoders);
      return decoded.ok ? crlText(decoded.value, this.#style) : undefined;
    }
    if (type === 'OCSP_RESPONSE') {
      const decoded = decodeOcspResponse(der, decoders);
      return decoded.ok ? ocspText(decoded.value, this.#style) : undefined;
    }
    if (type === 'X509_AC') {
      const decoded = decodeAttributeCertificate(der, decoders);
      return decoded.ok ? attributeCertificateText(decoded.value, this.#style) : undefined;
    }
    const key = type === 'PUBKEY' ? decoders.publicKey(der) : undefined;
    if (key === undefined) return undefined;
    return rawKeyText(
      key,
      {
        subject: findText(data, 'subject'),
        notBefore: generalizedTime(findText(data, 'not-before')),
        notAfter: generalizedTime(findText(data, 'not-after')),
        hasPrivateKey,
      },
      this.#style,
    );
  }

  #pem(type: string, der: Uint8Array): void {
    const label = PEM_LABELS.get(type);
    if (label === undefined) {
      this.#terminal.error('PEM encoding certificate failed\n');
      return;
    }
    const base64 = btoa(String.fromCharCode(...der));
    const lines = base64.match(/.{1,64}/g)?.join('\n') ?? '';
    this.#terminal.out(`-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`);
  }
}

/** What can be written as PEM; the stock program fails at public keys. */
const PEM_LABELS: ReadonlyMap<string, string> = new Map([
  ['X509', 'CERTIFICATE'],
  ['X509_CRL', 'X509 CRL'],
  ['X509_AC', 'ATTRIBUTE CERTIFICATE'],
  ['PUBKEY', 'PUBLIC KEY'],
]);

function captionOf(type: string, certFlag: string): string {
  return CAPTIONS.get(type === 'X509' ? `${type} ${certFlag}` : type) ?? '';
}

const CAPTIONS: ReadonlyMap<string, string> = new Map([
  ['X509 NONE', 'List of X.509 End Entity Certificates'],
  ['X509 CA', 'List of X.509 CA Certificates'],
  ['X509 AA', 'List of X.509 AA Certificates'],
  ['X509 OCSP', 'List of X.509 OCSP Signer Certificates'],
  ['X509_AC', 'List of X.509 Attribute Certificates'],
  ['X509_CRL', 'List of X.509 CRLs'],
  ['OCSP_RESPONSE', 'List of OCSP Responses'],
  ['PUBKEY', 'List of Raw Public Keys'],
]);

/** Milliseconds since 1970 of `YYYYMMDDHHMMSSZ`. */
function generalizedTime(text: string | undefined): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '') ?? [];
  if (year === undefined) return undefined;
  return Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
}
