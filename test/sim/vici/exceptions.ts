/** Items of the reference that this daemon does not have, and why; one that it has after all fails the test. */
export const EXCEPTIONS: readonly (readonly [items: RegExp, why: string])[] = [
  [/^stats > (mem|mallinfo)( |$)/, 'of the allocator of C programs'],
  [/ > (remote-xauth-id|xauth|xauth_id)$/, 'IKEv1'],
  [/ > (remote-eap-id|eap-type|eap-vendor|eap_id|aaa_id)$/, 'EAP is not built'],
  [/ > integ-keysize$/, 'no integrity algorithm we offer has a choice of key lengths'],
  [/ > label$/, 'security labels are refused by load-conn'],
  [/ > local-<n> > (revocation|ca_id)$/, 'keys of remote sections only'],
  [/ > proposals > <index from 0> > sn$/, 'of ESP and AH only'],
  [/ > (esp|ah)_proposals > <index from 0> > prf$/, 'of IKE only'],
  [/ > ah_proposals > <index from 0> > encr$/, 'AH does not encrypt'],
  [/^list-cert > not-(before|after)$/, 'raw public keys are loaded without a time'],
  [/^get-algorithms > (xof|drbg) > /, 'nothing of that kind is offered on its own'],
  [/^load-token > id$/, 'there are no tokens: load-token refuses'],
  [/^load-key ! failed to get key id$/, 'every key that can be read has an id'],
  [
    /^load-conn ! (handle |unable to load certificate)/,
    'no files are read on behalf of clients, SEC-41: the section is refused as a whole',
  ],
  [/^load-conn ! .*mediat/, 'the mediation extension is refused'],
  [/^(get|reset)-counters ! no counters available/, 'counters are no plugin'],
  [/^clear-creds > errmsg$/, 'it cannot fail'],
];
