import type { ConnectionConfig } from '../../../config/connection-types.ts';
import type { Identity } from '../../../proto/identity.ts';
import { isPattern, matchIdentity } from '../../../proto/identity-match.ts';
import { parseIdentity, printIdentity } from '../../../proto/identity-text.ts';
import { ConfiguredIdType } from '../../../proto/identity-types.ts';
import { roundsOf } from './children.ts';
import { locate, placeOf } from './locate.ts';
import type { CheckedConfig, CheckedSecret, CheckWorld } from './model.ts';

/** One end of a connection that uses shared secrets. */
interface End {
  /** Absent: whoever comes. */
  readonly id: Identity | undefined;
}

/** Finds secrets that no connection can use, and connections that no secret fits. */
export function checkSecretUse(config: CheckedConfig, { findings }: CheckWorld): void {
  const used = new Set<string>();
  const patterns = new Map<string, Identity>();
  for (const { name, node, value, loads } of config.connections) {
    if (value === undefined) continue;
    if (value.ppkId !== undefined) useOne(value.ppkId, 'ppk', config, used);
    if (!usesSecret(value)) continue;
    const [locals, remotes] = [endsOf(value, 'local'), endsOf(value, 'remote')];
    let found = false;
    for (const { id: local } of locals) {
      for (const { id: remote } of remotes) {
        if (local === undefined || remote === undefined || isPattern(local) || isPattern(remote)) {
          for (const id of [local, remote]) {
            const pattern = id ?? ANYBODY;
            patterns.set(printIdentity(pattern), pattern);
          }
          found ||= config.secrets.some((secret) => fitsOpen(secret, local, remote));
          continue;
        }
        for (const { id } of config.sharedKeys.find('ike', local, remote)) {
          if (id !== undefined) used.add(id);
          found = true;
        }
      }
    }
    if (found || !loads) continue;
    const [round] = roundsOf(node, 'local');
    const whom = [...locals, ...remotes].map(({ id }) =>
      id === undefined ? '%any' : printIdentity(id),
    );
    findings.add({
      severity: 'warning',
      code: 'missing-secret',
      position: locate(node, round?.path ?? []),
      section: `connections.${name}`,
      message: `no secret of section 'ike…' of secrets fits ${whom.join(' and ')}: authentication will fail`,
    });
  }
  for (const secret of config.secrets) {
    if (used.has(secret.name)) continue;
    const open = [...patterns.values()];
    if (secret.type === 'ike' && open.some((pattern) => fitsPattern(secret, pattern))) continue;
    findings.add({
      severity: 'warning',
      code: 'unused-secret',
      position: placeOf(secret.node),
      section: `secrets.${secret.name}`,
      message: REASONS[secret.type] ?? REASONS.ike,
    });
  }
}

const ANYBODY = parseIdentity('%any', { allowRegex: false, path: 'id' });

const REASONS: Readonly<Record<string, string>> & { readonly ike: string } = {
  ike: 'no connection can use it: none authenticates with auth = psk as or with one of its owners',
  eap: 'no connection can use it: authentication with EAP is not in effect yet',
  xauth: 'no connection can use it: XAuth belongs to IKEv1, which this daemon does not speak',
  ntlm: 'no connection can use it: authentication with EAP is not in effect yet',
  ppk: 'no connection can use it: none has a ppk_id that is one of its owners',
};

function usesSecret({ local, remote }: ConnectionConfig): boolean {
  return [...local, ...remote].some((round) => round.class === 'psk');
}

/** Identities of one side that go with a shared secret: without one its addresses, or whatever they turn out to be. */
function endsOf(connection: ConnectionConfig, side: 'local' | 'remote'): readonly End[] {
  const rounds = connection[side];
  const specs = side === 'local' ? connection.localAddrs : connection.remoteAddrs;
  return rounds.flatMap(({ id }): readonly End[] => {
    if (id !== undefined) return [{ id }];
    // A responder without the identity of a peer takes any.
    if (side === 'remote') return [{ id: undefined }];
    return specs.map((spec) => ({
      id:
        spec.kind === 'host'
          ? parseIdentity(spec.text, { allowRegex: false, path: 'id' })
          : undefined,
    }));
  });
}

function useOne(id: Identity, type: 'ppk', config: CheckedConfig, used: Set<string>): void {
  const all = isPattern(id)
    ? config.secrets.filter((secret) => secret.type === type && fitsPattern(secret, id))
    : config.sharedKeys.find(type, id, id).map((found) => ({ name: found.id ?? '' }));
  for (const { name } of all) used.add(name);
}

/** Whether a secret may fit a pair of which one end is open. */
function fitsOpen(
  secret: CheckedSecret,
  local: Identity | undefined,
  remote: Identity | undefined,
): boolean {
  if (secret.type !== 'ike') return false;
  return [local, remote].some((id) => fitsPattern(secret, id ?? ANYBODY));
}

/** Whether one of the owners of a secret may be somebody for whom a pattern stands. */
function fitsPattern({ owners }: CheckedSecret, pattern: Identity): boolean {
  if (owners.length === 0 || pattern.type === ConfiguredIdType.ANY) return true;
  return owners.some(
    (owner) =>
      owner.type === ConfiguredIdType.ANY ||
      matchIdentity(pattern, owner, 'relaxed') > 0 ||
      matchIdentity(owner, pattern, 'relaxed') > 0 ||
      // Two patterns may have somebody in common; whether they do cannot be told.
      (isPattern(owner) && isPattern(pattern)),
  );
}
