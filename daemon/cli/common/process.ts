import { readFileSync } from 'node:fs';
import type { Crypto } from '../../contracts/crypto.ts';
import type { DecodeTools } from '../../credentials/x509/tools.ts';
import { InternalError } from '../../util/error.ts';

/** Where the manifest is, seen from the sources and from the bundle. */
const MANIFEST = import.meta.url.endsWith('.ts') ? '../../../package.json' : '../../package.json';

/** What decodes certificates; loaded when it is asked for, since few commands need it. */
export async function loadDecoders(): Promise<DecodeTools> {
  const plugin = await import('../../../plugins/crypto-node/plugin.ts');
  const provider = plugin.default.crypto?.();
  return {
    publicKey: (spki) => provider?.signatures?.publicKey(spki),
    hash: (name, ...chunks) => {
      const hash = provider?.hashes[name];
      if (hash === undefined) throw new InternalError(`there is no ${name}`);
      return hash(...chunks);
    },
  };
}

/** The algorithms that a daemon has unless it is configured otherwise; loaded when it is asked for. */
export async function loadCrypto(): Promise<Crypto> {
  const [{ createCrypto }, plugin] = await Promise.all([
    import('../../crypto/registry.ts'),
    import('../../../plugins/crypto-node/plugin.ts'),
  ]);
  const provider = plugin.default.crypto?.();
  return createCrypto(provider === undefined ? [] : [provider]);
}

/** The version of this package. */
export function packageVersion(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL(MANIFEST, import.meta.url), 'utf8'),
  );
  return manifest.version;
}

/** The environment of this process. */
export function environment(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
}
