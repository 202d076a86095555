import { CertificateIndex, credentialKey } from './certificate-index.ts';
import { isNewerCrl } from './crl-scope.ts';
import type { Credential, LoadedCredential, Origin } from './stored.ts';

/**
 * Certificates and everything else that is loaded and not secret, by what brought it. The same credential may come from several
 * origins and stays until the last of them lets go of it. Every change is one step: a snapshot shows all of it or nothing.
 */
export class CertificateStore {
  #index = CertificateIndex.empty;
  readonly #origins = new Map<Origin, Map<string, LoadedCredential>>();
  /** Who brought it, by key. */
  readonly #holders = new Map<string, Map<Origin, LoadedCredential>>();
  #nextOrder = 0;

  /** What is loaded now; it stays as it is whatever changes. */
  snapshot(): CertificateIndex {
    return this.#index;
  }

  /** Adds credentials to those of an origin. The result are those that were left out because a newer one is there: CRLs only. */
  load(origin: Origin, credentials: readonly LoadedCredential[]): readonly Credential[] {
    const merged = new Map<string, LoadedCredential>();
    for (const loaded of credentials) {
      const key = credentialKey(loaded.credential);
      merge(merged, key, this.#origins.get(origin)?.get(key));
      merge(merged, key, loaded);
    }
    return this.#put(origin, merged);
  }

  /** Makes these the credentials of an origin, instead of those it had. The result is that of {@link load}. */
  replace(origin: Origin, credentials: readonly LoadedCredential[]): readonly Credential[] {
    const wanted = new Map<string, LoadedCredential>();
    for (const loaded of credentials) merge(wanted, credentialKey(loaded.credential), loaded);
    const before = [...(this.#origins.get(origin)?.keys() ?? [])];
    const left = this.#put(origin, wanted);
    for (const key of before) if (!wanted.has(key)) this.#release(origin, key);
    return left;
  }

  /** Forgets what an origin brought, unless another one holds it. */
  clear(origin: Origin): void {
    const own = this.#origins.get(origin);
    if (own === undefined) return;
    for (const key of [...own.keys()]) this.#release(origin, key);
  }

  /** What an origin brought, in the order of loading. */
  of(origin: Origin): readonly LoadedCredential[] {
    return [...(this.#origins.get(origin)?.values() ?? [])];
  }

  #put(origin: Origin, credentials: ReadonlyMap<string, LoadedCredential>): readonly Credential[] {
    const left: Credential[] = [];
    for (const [key, loaded] of credentials) {
      if (this.#makeRoom(loaded.credential)) this.#hold(origin, key, loaded);
      else left.push(loaded.credential);
    }
    return left;
  }

  /** Removes CRLs that this one replaces; false if one is there that is newer. */
  #makeRoom(credential: Credential): boolean {
    if (credential.type !== 'X509_CRL' || this.#holders.has(credentialKey(credential))) return true;
    const others = this.#index.ofScope(credential.value);
    if (others.some((other) => !isNewerCrl(credential.value, other))) return false;
    for (const value of others) {
      const key = credentialKey({ type: 'X509_CRL', value });
      for (const origin of [...(this.#holders.get(key)?.keys() ?? [])]) this.#release(origin, key);
    }
    return true;
  }

  #hold(origin: Origin, key: string, loaded: LoadedCredential): void {
    getOrAdd(this.#origins, origin).set(key, loaded);
    getOrAdd(this.#holders, key).set(origin, loaded);
    this.#refresh(key);
  }

  #release(origin: Origin, key: string): void {
    const own = this.#origins.get(origin);
    own?.delete(key);
    if (own?.size === 0) this.#origins.delete(origin);
    const held = this.#holders.get(key);
    held?.delete(origin);
    if (held?.size === 0) this.#holders.delete(key);
    this.#refresh(key);
  }

  #refresh(key: string): void {
    const held = [...(this.#holders.get(key)?.values() ?? [])];
    const [first] = held;
    if (first === undefined) {
      this.#index = this.#index.without(key);
      return;
    }
    const trusted = held.some((loaded) => loaded.trusted);
    const order = this.#index.get(key)?.order ?? this.#nextOrder++;
    this.#index = this.#index.with({ credential: flagged(held), trusted, order });
  }
}

/** What is believed of one place does not cease to be because the same certificate stands in another one, too. */
function merge(
  into: Map<string, LoadedCredential>,
  key: string,
  loaded: LoadedCredential | undefined,
): void {
  if (loaded === undefined) return;
  const before = into.get(key);
  into.set(key, { ...loaded, trusted: loaded.trusted || before?.trusted === true });
}

/** A certificate that anybody loaded for a purpose has it, also if somebody else loaded it for none. */
function flagged(held: readonly LoadedCredential[]): Credential {
  const [first, ...others] = held.map(({ credential }) => credential);
  if (first === undefined) throw new RangeError('a credential without origin');
  return others.reduce(
    (chosen, other) => (chosen.type === 'X509' && chosen.flag === 'NONE' ? other : chosen),
    first,
  );
}

function getOrAdd<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const found = map.get(key);
  if (found !== undefined) return found;
  const added = new Map<L, V>();
  map.set(key, added);
  return added;
}
