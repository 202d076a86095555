import { type ConfPosition, printPosition } from '../../config/conf-tree.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import { utf8 } from '../../util/bytes.ts';
import { didYouMean } from '../../util/did-you-mean.ts';
import { ConfigError, errorText } from '../../util/error.ts';
import { fromHex } from '../../util/hex.ts';

/** One entry of ipsec.secrets. */
export interface IpsecSecret {
  /** Identities in front of the colon. */
  readonly selectors: readonly string[];
  readonly type: SecretType;
  /** The secret itself; of keys the passphrase, `undefined` if it is to be asked for. */
  readonly data: Uint8Array | undefined;
  /** File of a private key or container. */
  readonly file?: string;
  readonly position: ConfPosition;
}

export type SecretType =
  | 'PSK'
  | 'RSA'
  | 'ECDSA'
  | 'PKCS8'
  | 'P12'
  | 'EAP'
  | 'NTLM'
  | 'XAUTH'
  | 'PIN'
  | 'BLISS';

/** What could be read, and the first fault, at which reading stopped. */
export interface IpsecSecrets {
  readonly secrets: readonly IpsecSecret[];
  readonly problem: ConfigError | undefined;
}

const MAX_INCLUDES = 10;
/** Files of one configuration. */
const MAX_FILES = 65_536;
const SHARED: readonly SecretType[] = ['PSK', 'EAP', 'NTLM', 'XAUTH'];
const KEYS: readonly SecretType[] = ['RSA', 'ECDSA', 'PKCS8', 'P12'];

/** What there is none of here, and why; such entries are skipped, the others count. */
export const REFUSED: ReadonlyMap<SecretType, string> = new Map([
  ['PIN', 'smartcards are not supported, put the key into a file'],
  [
    'BLISS',
    'BLISS keys are not supported, they were withdrawn as insecure: use RSA, ECDSA or Ed25519',
  ],
]);

/** Reads ipsec.secrets with what it includes, up to the first malformed line, as ipsec.secrets(5) says. */
export function readIpsecSecrets(path: string, files: OperatorFiles): IpsecSecrets {
  const secrets: IpsecSecret[] = [];
  try {
    const read = { secrets, files, count: 0 };
    readInto(read, path, [], { file: path, line: 1, column: 1 });
    return { secrets, problem: undefined };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { secrets, problem: error };
  }
}

interface Reading {
  readonly secrets: IpsecSecret[];
  readonly files: OperatorFiles;
  /** Files that were read. */
  count: number;
}

function readInto(
  reading: Reading,
  path: string,
  chain: readonly string[],
  from: ConfPosition,
): void {
  const { secrets, files } = reading;
  if (chain.includes(path))
    fail(from, `'${path}' is included by itself: ${[...chain, path].join(' → ')}`);
  if (chain.length > MAX_INCLUDES)
    fail(from, `'${path}' is included more than ${MAX_INCLUDES} levels deep`);
  if (++reading.count > MAX_FILES) fail(from, `more than ${MAX_FILES} files are included`);
  let text: string;
  try {
    text = files.readText(path);
  } catch (error) {
    fail(from, `cannot read '${path}': ${errorText(error)}`);
  }
  text.split('\n').forEach((raw, i) => {
    const position = { file: path, line: i + 1, column: 1 };
    const tokens = tokensOf(raw.replace(/\r$/, ''), position);
    const [first] = tokens;
    if (first === undefined) return;
    if (first.text === 'include' && !first.quoted) {
      for (const inner of files.glob(tokens[1]?.text ?? '', path))
        readInto(reading, inner, [...chain, path], position);
      return;
    }
    secrets.push(secretOf(tokens, position));
  });
}

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

function tokensOf(line: string, position: ConfPosition): readonly Token[] {
  const tokens: Token[] = [];
  let rest = line.trimStart();
  while (rest !== '' && !rest.startsWith('#')) {
    const quote = rest[0];
    if (quote === '"' || quote === "'") {
      const end = rest.indexOf(quote, 1);
      if (end < 0) fail(position, 'a quote without its end');
      tokens.push({ text: rest.slice(1, end), quoted: true });
      rest = rest.slice(end + 1);
      if (rest !== '' && !/^\s/.test(rest)) fail(position, 'text right behind a quote');
    } else {
      const [word = ''] = /^\S+/.exec(rest) ?? [];
      tokens.push({ text: word, quoted: false });
      rest = rest.slice(word.length);
    }
    rest = rest.trimStart();
  }
  return tokens;
}

function secretOf(tokens: readonly Token[], position: ConfPosition): IpsecSecret {
  const colon = tokens.findIndex(({ text, quoted }) => text === ':' && !quoted);
  if (colon < 0) fail(position, "no ' : ' between identities and secret");
  const selectors = tokens.slice(0, colon).map(({ text }) => text);
  const [typeToken, ...values] = tokens.slice(colon + 1);
  const type = [...SHARED, ...KEYS, ...REFUSED.keys()].find(
    (known) => known === typeToken?.text.toUpperCase(),
  );
  if (type === undefined) {
    // What stands there may be the secret itself.
    const known = [...SHARED, ...KEYS, 'PIN'];
    const similar = typeToken?.quoted === false ? didYouMean(typeToken.text, known) : undefined;
    const hint = similar === undefined ? '' : `; did you mean ${similar}?`;
    fail(position, `no type behind the colon, expected one of ${known.join(', ')}${hint}`);
  }
  const [value, passphrase] = values;
  if (value === undefined) fail(position, `${type} without a value`);
  if (SHARED.includes(type)) return { selectors, type, data: octetsOf(value, position), position };
  const asked = passphrase === undefined || (passphrase.text === '%prompt' && !passphrase.quoted);
  return {
    selectors,
    type,
    file: value.text,
    data: asked ? undefined : octetsOf(passphrase, position),
    position,
  };
}

function octetsOf({ text, quoted }: Token, position: ConfPosition): Uint8Array {
  if (quoted || !/^0[xs]/i.test(text)) return utf8(text);
  const body = text.slice(2);
  const octets = /^0x/i.test(text) ? fromHex(body.replaceAll('_', '')) : fromBase64(body);
  if (octets === undefined) fail(position, 'a secret that is neither hexadecimal nor base64');
  return octets;
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function fail(position: ConfPosition, message: string): never {
  const where = printPosition(position);
  throw new ConfigError(where, `${where}: ${message}`);
}
