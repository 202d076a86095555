import { concatBytes } from '../util/bytes.ts';

/** One method that a peer says it can verify, RFC 9593 section 3.2. */
export interface AnnouncedMethod {
  readonly method: number;
  /** Index, from 1, of the CA in the CERTREQ payloads of the same message that it is meant for; 0 is any. */
  readonly authority: number;
  /** DER of the AlgorithmIdentifier of a digital signature, RFC 7427. */
  readonly algorithm?: Uint8Array;
}

/** Announcements that are read; honest peers have a dozen. */
const MAX_METHODS = 64;

/**
 * The contents of a SUPPORTED_AUTH_METHODS notify: announcements of two octets for methods without public keys, of three for
 * those with one algorithm, of more for digital signatures.
 */
export function encodeAuthMethods(methods: readonly AnnouncedMethod[]): Uint8Array {
  return concatBytes(
    ...methods.map(({ method, authority, algorithm }) => {
      if (algorithm === undefined && authority === 0 && !BY_PUBLIC_KEY.has(method)) {
        return Uint8Array.of(2, method);
      }
      const fields = Uint8Array.of(method, authority);
      const announcement = concatBytes(Uint8Array.of(0), fields, algorithm ?? EMPTY);
      announcement[0] = announcement.length;
      return announcement;
    }),
  );
}

/** What such a notify says, `undefined` if it is malformed: then it says nothing. */
export function decodeAuthMethods(data: Uint8Array): readonly AnnouncedMethod[] | undefined {
  const methods: AnnouncedMethod[] = [];
  for (let offset = 0; offset < data.length; ) {
    const length = data[offset] ?? 0;
    const end = offset + length;
    if (length < 2 || end > data.length || methods.length === MAX_METHODS) return undefined;
    const method = data[offset + 1] ?? 0;
    const authority = length > 2 ? (data[offset + 2] ?? 0) : 0;
    if (length <= 3) methods.push({ method, authority });
    else methods.push({ method, authority, algorithm: data.slice(offset + 3, end) });
    offset = end;
  }
  return methods;
}

const EMPTY = new Uint8Array(0);

/** RSA and ECDSA of RFC 7296 and RFC 4754, and digital signatures: they have a link to a CA. */
const BY_PUBLIC_KEY: ReadonlySet<number> = new Set([1, 3, 9, 10, 11, 14]);
