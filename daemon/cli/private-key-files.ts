import { openPkcs12, type Pkcs12Contents } from '../keyd/formats/pkcs12.ts';
import { readPrivateKey } from '../keyd/formats/private-key.ts';
import { KeyError } from '../keyd/key-error.ts';

/** A key that was decrypted: `type` is that of `load-key`; the caller wipes `data`. */
export interface OpenedKey {
  readonly type: string;
  readonly data: Uint8Array;
}

/** Where passphrases come from: those of the configuration first, then a person who is asked at most once. */
export interface Passphrases {
  readonly known: readonly Uint8Array[];
  ask(): Promise<Uint8Array | undefined>;
}

/** The key in a file that is encrypted; `undefined` if it is in the clear, no key at all, or no passphrase fits. */
export async function openEncryptedKey(
  data: Uint8Array,
  passphrases: Passphrases,
): Promise<OpenedKey | undefined> {
  if (!(await isEncrypted(data))) return undefined;
  return withPassphrases(passphrases, async (passphrase) => {
    const { kind, der } = await readPrivateKey(data, passphrase);
    return { type: kind, data: der };
  });
}

/** What a PKCS#12 container holds; `undefined` if no passphrase fits. */
export function openContainer(
  data: Uint8Array,
  passphrases: Passphrases,
): Promise<Pkcs12Contents | undefined> {
  return withPassphrases(passphrases, (passphrase) => openPkcs12(data, passphrase));
}

/** Whether a file holds a private key that needs a passphrase; containers do not count. */
export async function isEncrypted(data: Uint8Array): Promise<boolean> {
  try {
    (await readPrivateKey(data, undefined)).der.fill(0);
    return false;
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return error.message.includes('encrypted');
  }
}

async function withPassphrases<T>(
  { known, ask }: Passphrases,
  open: (passphrase: Uint8Array) => Promise<T>,
): Promise<T | undefined> {
  for (const passphrase of known) {
    const opened = await attempt(open, passphrase);
    if (opened !== undefined) return opened;
  }
  const typed = await ask();
  if (typed === undefined) return undefined;
  try {
    return await attempt(open, typed);
  } finally {
    typed.fill(0);
  }
}

async function attempt<T>(
  open: (passphrase: Uint8Array) => Promise<T>,
  passphrase: Uint8Array,
): Promise<T | undefined> {
  try {
    return await open(passphrase);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return undefined;
  }
}
