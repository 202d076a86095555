/** More than any key: 16384 bits of RSA, encrypted and in PEM, with a chain of certificates in the same file. */
export const MOST_KEY_OCTETS = 128 << 10;

/** More than anybody types. */
export const MOST_PASSPHRASE_OCTETS = 1024;

/** What is signed is an IKE message with a nonce and a MAC behind it. */
export const MOST_MESSAGE_OCTETS = 128 << 10;

/** Octets that a frame may have behind its length: a key or a message, and the fields before it. */
export const MOST_FRAME_OCTETS = (128 << 10) + 2048;
