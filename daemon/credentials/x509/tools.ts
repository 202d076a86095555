import type { Crypto } from '../../contracts/crypto.ts';
import type { SignatureVerifier } from '../../contracts/signatures.ts';

/** What decoders need of cryptography: keys are checked by the verifier, fingerprints are hashes. */
export type DecodeTools = Pick<SignatureVerifier, 'publicKey'> & Pick<Crypto, 'hash'>;
