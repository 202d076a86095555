/** Why a private key cannot be used: what was found and what was expected, and never a part of the key. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}
