/**
 * Options of strongSwan that mean nothing here (IKEv1, threads, tables, build details): known, so that
 * setting one is told apart from a misspelt name.
 */
export const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  'accept_unencrypted_mainmode_messages',
  'cisco_unity',
  'crypto_test.bench',
  'crypto_test.bench_size',
  'crypto_test.bench_time',
  'crypto_test.on_add',
  'crypto_test.on_create',
  'crypto_test.required',
  'crypto_test.rng_true',
  'delete_rekeyed',
  'dh_exponent_ansi_x9_42',
  'dlopen_use_rtld_now',
  'flush_auth_cfg',
  'host_resolver.max_threads',
  'host_resolver.min_threads',
  'i_dont_care_about_security_and_use_aggressive_mode_psk',
  'ikesa_table_segments',
  'ikesa_table_size',
  'integrity_test',
  'leak_detective.detailed',
  'leak_detective.usage_threshold',
  'leak_detective.usage_threshold_count',
  'load',
  'load_modular',
  'max_ikev1_exchanges',
  'processor.priority_threads.critical',
  'processor.priority_threads.high',
  'processor.priority_threads.medium',
  'processor.priority_threads.low',
  'receive_delay',
  'receive_delay_request',
  'receive_delay_response',
  'receive_delay_type',
  'rsa_pss_trailerfield',
  'send_delay',
  'send_delay_request',
  'send_delay_response',
  'send_delay_type',
  'threads',
  'tls.cipher',
  'tls.ke_group',
  'tls.key_exchange',
  'tls.mac',
  'tls.signature',
]);

/** Options that packaged files set to say nothing: no word about them. */
export function isSilent(name: string): boolean {
  return name === 'load_modular' || /^plugins\.[^.]+\.load$/.test(name);
}
