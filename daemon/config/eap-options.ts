import { bool, int, oneOf, real, text, textOf, words } from './option-kinds.ts';

const PORT = [0, 0xffff] as const;

/** Options of EAP and of the TLS in it: known and checked, and none has a use before EAP has. */
export const EAP_OPTIONS = {
  force_eap_only_authentication: bool(
    false,
    'later',
    'Use EAP-only authentication without the consent of the peer.',
  ),
  'tls.send_certreq_authorities': bool(true, 'later', 'List CAs in the TLS CertificateRequest.'),
  'tls.suites': words('later', 'TLS cipher suites of EAP-TLS, TTLS and PEAP.'),
  'tls.version_max': oneOf('1.2', ['1.2', '1.3'], 'later', 'Highest TLS version.'),
  'tls.version_min': oneOf('1.2', ['1.2', '1.3'], 'later', 'Lowest TLS version.'),
  'plugins.eap-dynamic.prefer_user': bool(false, 'later', 'The peer chooses the EAP method.'),
  'plugins.eap-dynamic.preferred': words('later', 'EAP methods offered, the best first.'),
  'plugins.eap-peap.include_length': bool(false, 'later', 'Send the length with each fragment.'),
  'plugins.eap-peap.phase2_method': textOf('mschapv2', 'later', 'EAP method inside of PEAP.'),
  'plugins.eap-radius.accounting': bool(false, 'later', 'Send RADIUS accounting.'),
  'plugins.eap-radius.nas_identifier': textOf('strongSwan', 'later', 'NAS-Identifier sent.'),
  'plugins.eap-radius.port': int(1812, PORT, 'later', 'Port of the RADIUS server.'),
  'plugins.eap-radius.retransmit_base': real(1.4, [1, 100], 'later', 'Base of its timeouts.'),
  'plugins.eap-radius.retransmit_timeout': real(2, [0.01, 3600], 'later', 'First timeout.', 's'),
  'plugins.eap-radius.retransmit_tries': int(4, [0, 1000], 'later', 'Retransmissions to it.'),
  'plugins.eap-radius.secret': {
    ...text('later', 'Secret shared with the RADIUS server.'),
    secret: true,
  },
  'plugins.eap-radius.server': text('later', 'The RADIUS server.'),
  'plugins.eap-tls.fragment_size': int(1024, [64, 65535], 'later', 'Largest fragment.', 'octets'),
  'plugins.eap-tls.include_length': bool(true, 'later', 'Send the length with each fragment.'),
  'plugins.eap-tls.max_message_count': int(32, [0, 0xffff], 'later', 'Messages at most; 0 = any.'),
  'plugins.eap-ttls.phase2_method': textOf('md5', 'later', 'EAP method inside of TTLS.'),
  'plugins.eap-ttls.phase2_piggyback': bool(false, 'later', 'Begin it with the TLS Finished.'),
  'plugins.eap-ttls.request_peer_auth': bool(false, 'later', 'Ask for a certificate of the peer.'),
} as const;
