import type { Command } from '../command.ts';
import { clearCreds } from './clear-creds.ts';
import { diffAuthority } from './diff-authority.ts';
import { diffConn } from './diff-conn.ts';
import { diffPool } from './diff-pool.ts';
import { explain } from './explain.ts';
import { flushCerts } from './flush-certs.ts';
import { getAlgorithms } from './get-algorithms.ts';
import { getAuthorities } from './get-authorities.ts';
import { getConns } from './get-conns.ts';
import { getCounters } from './get-counters.ts';
import { getKeys } from './get-keys.ts';
import { getPools } from './get-pools.ts';
import { getShared } from './get-shared.ts';
import { initiate } from './initiate.ts';
import { install } from './install.ts';
import { listAuthorities } from './list-authorities.ts';
import { listCerts } from './list-certs.ts';
import { listConns } from './list-conns.ts';
import { listPolicies } from './list-policies.ts';
import { listSas } from './list-sas.ts';
import { loadAuthority } from './load-authority.ts';
import { loadCert } from './load-cert.ts';
import { loadConn } from './load-conn.ts';
import { loadKey } from './load-key.ts';
import { loadPool } from './load-pool.ts';
import { loadShared } from './load-shared.ts';
import { loadToken } from './load-token.ts';
import { redirect } from './redirect.ts';
import { rekey } from './rekey.ts';
import { reloadSettings } from './reload-settings.ts';
import { resetCounters } from './reset-counters.ts';
import { stats } from './stats.ts';
import { terminate } from './terminate.ts';
import { uninstall } from './uninstall.ts';
import { unloadAuthority } from './unload-authority.ts';
import { unloadConn } from './unload-conn.ts';
import { unloadKey } from './unload-key.ts';
import { unloadPool } from './unload-pool.ts';
import { unloadShared } from './unload-shared.ts';
import { version } from './version.ts';

/** Every command the server knows; any other name is answered with CMD_UNKNOWN. */
export const COMMANDS: readonly Command[] = [
  version,
  stats,
  reloadSettings,
  initiate,
  terminate,
  rekey,
  redirect,
  install,
  uninstall,
  listSas,
  listPolicies,
  listConns,
  getConns,
  loadConn,
  unloadConn,
  loadPool,
  unloadPool,
  getPools,
  loadShared,
  unloadShared,
  getShared,
  loadKey,
  unloadKey,
  getKeys,
  loadToken,
  loadCert,
  listCerts,
  flushCerts,
  loadAuthority,
  unloadAuthority,
  listAuthorities,
  getAuthorities,
  clearCreds,
  getAlgorithms,
  getCounters,
  resetCounters,
  // Ours.
  diffConn,
  diffPool,
  diffAuthority,
  explain,
];
