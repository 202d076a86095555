/** Where a key of swanctl.conf may stand. */
export type SectionLevel = 'connection' | 'local' | 'remote' | 'child';

/**
 * What a key does now. `yes`: it is in effect. `warned`: it is read and checked, and asking for it is answered with a
 * warning. `refused`: it restricts who may connect or what may pass, or replaces the one by the other; loading it without
 * obeying it would be a hole, so the connection is refused.
 */
export type KeyEffect = 'yes' | 'warned' | 'refused';

/** Everything about a key but the meaning of its value. */
export interface KeyStatus {
  /** How it is sent: lists are VICI lists. */
  readonly form: 'value' | 'list';
  readonly effect: KeyEffect;
  /** Values, in lower case, that do not ask for what is missing. */
  readonly harmless: readonly string[];
  /** Why it is not in effect, as a sentence for the operator. */
  readonly reason: string;
}

const inEffect: KeyStatus = { form: 'value', effect: 'yes', harmless: [], reason: '' };
const inEffectList: KeyStatus = { ...inEffect, form: 'list' };

const NO = ['no', 'false', 'disabled', '0'];
const ZERO = ['0', '0s', '0m', '0h', '0d'];

function warned(reason: string, harmless: readonly string[] = []): KeyStatus {
  return { form: 'value', effect: 'warned', harmless, reason };
}

function refused(reason: string, harmless: readonly string[] = []): KeyStatus {
  return { form: 'value', effect: 'refused', harmless, reason };
}

const IKEV1 = 'it belongs to IKEv1, which this daemon does not speak';
const MEDIATION = 'the mediation extension is not supported';

const CONNECTION: Readonly<Record<string, KeyStatus>> = {
  version: inEffect,
  local_addrs: inEffectList,
  remote_addrs: inEffectList,
  local_port: inEffect,
  remote_port: inEffect,
  proposals: inEffectList,
  vips: inEffectList,
  aggressive: warned(IKEV1, NO),
  pull: warned(IKEV1, ['yes', 'true', 'enabled', '1']),
  dscp: inEffect,
  encap: inEffect,
  mobike: inEffect,
  dpd_delay: inEffect,
  dpd_timeout: warned(IKEV1, ZERO),
  fragmentation: inEffect,
  childless: inEffect,
  send_certreq: inEffect,
  send_cert: inEffect,
  ocsp: inEffect,
  ppk_id: inEffect,
  ppk_required: inEffect,
  keyingtries: inEffect,
  unique: inEffect,
  reauth_time: inEffect,
  rekey_time: inEffect,
  over_time: inEffect,
  rand_time: inEffect,
  pools: inEffectList,
  if_id_in: inEffect,
  if_id_out: inEffect,
  mediation: refused(MEDIATION, NO),
  mediated_by: refused(MEDIATION),
  mediation_peer: refused(MEDIATION),
};

const LOCAL: Readonly<Record<string, KeyStatus>> = {
  round: inEffect,
  // Which methods there are is checked where the method is read.
  auth: inEffect,
  id: inEffect,
  certs: inEffectList,
  pubkeys: inEffectList,
  eap_id: warned('EAP is not used yet'),
  aaa_id: warned('EAP is not used yet'),
  xauth_id: warned(IKEV1),
};

const REMOTE: Readonly<Record<string, KeyStatus>> = {
  round: inEffect,
  auth: inEffect,
  id: inEffect,
  eap_id: refused('EAP identities are not checked yet'),
  groups: inEffectList,
  cert_policy: inEffectList,
  certs: inEffectList,
  cacerts: inEffectList,
  ca_id: inEffect,
  pubkeys: inEffectList,
  revocation: inEffect,
};

const CHILD: Readonly<Record<string, KeyStatus>> = {
  ah_proposals: inEffectList,
  esp_proposals: inEffectList,
  sha256_96: inEffect,
  local_ts: inEffectList,
  remote_ts: inEffectList,
  rekey_time: inEffect,
  life_time: inEffect,
  rand_time: inEffect,
  rekey_bytes: inEffect,
  life_bytes: inEffect,
  rand_bytes: inEffect,
  rekey_packets: inEffect,
  life_packets: inEffect,
  rand_packets: inEffect,
  updown: inEffect,
  hostaccess: inEffect,
  mode: inEffect,
  policies: inEffect,
  policies_fwd_out: inEffect,
  dpd_action: inEffect,
  start_action: inEffect,
  close_action: inEffect,
  ipcomp: inEffect,
  inactivity: inEffect,
  reqid: inEffect,
  priority: inEffect,
  interface: inEffect,
  mark_in: inEffect,
  mark_in_sa: inEffect,
  mark_out: inEffect,
  set_mark_in: inEffect,
  set_mark_out: inEffect,
  if_id_in: inEffect,
  if_id_out: inEffect,
  label: refused('security labels (SELinux) are not supported, leave them out'),
  label_mode: refused('security labels (SELinux) are not supported, leave them out', [
    'system',
    'simple',
  ]),
  tfc_padding: inEffect,
  replay_window: inEffect,
  per_cpu_sas: inEffect,
  hw_offload: inEffect,
  copy_df: inEffect,
  copy_ecn: inEffect,
  copy_dscp: inEffect,
  icmp: inEffect,
};

/** Every key of swanctl.conf, by the section it stands in. */
export const KEY_STATUS: Readonly<Record<SectionLevel, ReadonlyMap<string, KeyStatus>>> = {
  connection: new Map(Object.entries(CONNECTION)),
  local: new Map(Object.entries(LOCAL)),
  remote: new Map(Object.entries(REMOTE)),
  child: new Map(Object.entries(CHILD)),
};
