import type { AuthRoundConfig, ConnectionConfig } from '../../../config/connection-types.ts';
import type { Certificate } from '../../../credentials/x509/certificate.ts';
import { equalIdentity } from '../../../proto/identity-match.ts';
import { printIdentity } from '../../../proto/identity-text.ts';
import { roundsOf } from './children.ts';
import { locate } from './locate.ts';
import type { Checked, CheckedConfig, CheckWorld, LoadedFiles } from './model.ts';

/** Finds private keys without certificate, and connections that cannot prove who they are or whom they believe. */
export function checkKeys(files: LoadedFiles, config: CheckedConfig, world: CheckWorld): void {
  const certified = new Set<string>();
  const index = config.credentials.store.snapshot();
  for (const { credential } of index.list()) {
    if (credential.type === 'X509' && credential.value.publicKey !== undefined)
      certified.add(credential.value.publicKey.keyId);
    if (credential.type === 'PUBKEY') certified.add(credential.value.key.keyId);
  }
  for (const connection of config.connections) {
    for (const { keyId } of connection.value?.local.flatMap((r) => keysOf(r, config)) ?? [])
      certified.add(keyId);
    checkConnection(connection, files, config, world);
  }
  for (const { path, keyId } of files.keys) {
    if (certified.has(keyId)) continue;
    world.findings.add({
      severity: 'warning',
      code: 'unused-key',
      position: { file: path, line: 1, column: 1 },
      message: 'no certificate of x509 and no public key of pubkey belongs to this private key',
    });
  }
}

function checkConnection(
  { name, node, value, loads }: Checked<ConnectionConfig>,
  files: LoadedFiles,
  config: CheckedConfig,
  { findings }: CheckWorld,
): void {
  // What is missing may be what could not be read.
  if (value === undefined || !loads) return;
  const warn = (path: readonly string[], code: string, message: string): void =>
    findings.add({
      severity: 'warning',
      code,
      position: locate(node, path),
      section: [`connections.${name}`, ...path.slice(0, -1)].join('.'),
      message,
    });
  for (const round of value.local) {
    if (round.class !== 'pubkey') continue;
    const path = pathOf(node, 'local', round, value);
    const problem = cannotProve(round, config);
    // One that somebody must open may be the one that is missing.
    if (problem !== undefined && files.sealed === 0)
      warn([...path, problem.key], problem.code, problem.message);
  }
  if (files.trustsSomebody) return;
  for (const round of value.remote) {
    const own = round.certs.length + round.pubkeys.length + round.cacerts.length;
    if (round.class !== 'pubkey' || own > 0) continue;
    const message =
      'nobody can be believed: there is no CA certificate in x509ca, and neither cacerts, certs nor pubkeys are set';
    warn([...pathOf(node, 'remote', round, value), 'auth'], 'missing-ca', message);
  }
}

/** Where a round stands; rounds are sorted, so only a single one can be told for sure. */
function pathOf(
  node: Parameters<typeof roundsOf>[0],
  side: 'local' | 'remote',
  round: AuthRoundConfig,
  connection: ConnectionConfig,
): readonly string[] {
  const written = roundsOf(node, side);
  const at = written.length === connection[side].length ? connection[side].indexOf(round) : 0;
  return written[at]?.path ?? [];
}

interface Problem {
  readonly key: string;
  readonly code: string;
  readonly message: string;
}

/** Why a round of ours will fail with what is loaded. */
function cannotProve(round: AuthRoundConfig, config: CheckedConfig): Problem | undefined {
  const { id } = round;
  if (round.certs.length + round.pubkeys.length > 0) {
    const certificates = round.certs.flatMap(({ der }) => certificateOf(der, config));
    if (!keysOf(round, config).some(({ keyId }) => config.privateKeys.find(keyId) !== undefined)) {
      const key = round.certs.length > 0 ? 'certs' : 'pubkeys';
      return { key, code: 'missing-key', message: `no private key belongs to ${key}` };
    }
    if (id === undefined || round.pubkeys.length > 0) return undefined;
    if (certificates.some(({ identities }) => identities.some((own) => equalIdentity(own, id))))
      return undefined;
    const message = `'${printIdentity(id)}' is in no certificate of certs, so that none will be used`;
    return { key: 'id', code: 'identity-mismatch', message };
  }
  if (id === undefined) return undefined;
  const found = config.credentials.store.snapshot().byIdentity(id);
  if (found.length === 0) {
    const message = `no certificate of x509 has the identity '${printIdentity(id)}'`;
    return { key: 'id', code: 'missing-certificate', message };
  }
  const usable = found.some(
    ({ certificate: { publicKey } }) =>
      publicKey !== undefined && config.privateKeys.find(publicKey.keyId) !== undefined,
  );
  if (usable) return undefined;
  const message = `no private key belongs to the certificate of '${printIdentity(id)}'`;
  return { key: 'id', code: 'missing-key', message };
}

/** Public keys of the certificates and raw keys that a round names. */
function keysOf(
  round: AuthRoundConfig,
  config: CheckedConfig,
): readonly { readonly keyId: string }[] {
  const certified = round.certs
    .flatMap(({ der }) => certificateOf(der, config))
    .flatMap(({ publicKey }) => publicKey ?? []);
  const raw = round.pubkeys.flatMap((der) => {
    const read = config.credentials.read('PUBKEY', 'NONE', der);
    return read.ok
      ? read.credentials.flatMap(({ credential }) =>
          credential.type === 'PUBKEY' ? [credential.value.key] : [],
        )
      : [];
  });
  return [...certified, ...raw];
}

function certificateOf(der: Uint8Array, { credentials }: CheckedConfig): readonly Certificate[] {
  const read = credentials.read('X509', 'NONE', der);
  if (!read.ok) return [];
  return read.credentials.flatMap(({ credential }) =>
    credential.type === 'X509' ? [credential.value] : [],
  );
}
