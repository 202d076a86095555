/** A swanctl.conf of every kind of section, and a file that it includes. */
export const VALID_SWANCTL = {
  conf: `# gateways
base {
  version = 2
  proposals = aes256gcm16-prfsha384-ecp384, aes128-sha256-x25519
  local_addrs = 192.0.2.1
  local {
    auth = psk
    id = moon.example.org
  }
  rekey_time = 2h
}
connections {
  sun : base {
    remote_addrs = 192.0.2.2, "192.0.2.3"
    remote { auth = psk
      id = sun.example.org }
    children {
      net {
        local_ts = 10.1.0.0/16, fec1::/16
        remote_ts = 10.2.0.0/16, fec2::/16
        esp_proposals = aes256gcm16-x25519
        start_action = trap|start
        mark_in = 42/0xff
      }
      dns : connections.sun.children.net { local_ts = 10.1.0.53[udp/53] }
    }
  }
  roam {
    pools = addresses, v6
    send_cert = always
    local-1 { auth = psk
      id = "C=CH, O=strongSwan, CN=moon" }
    remote-any { auth = pubkey
      cacerts = ca.pem
      revocation = ifuri }
    children { all { local_ts = 0.0.0.0/0
      life_time = 90m
      rand_bytes = 1m
      mode = tunnel } }
  }
  include more.conf
}
secrets {
  ike-sun { id-1 = moon.example.org
    id-2 = sun.example.org
    secret = "a secret # that is \\"long\\" enough" }
  ike-hex { secret = 0x0102030405060708090a0b0c0d0e0f10 }
  ppk { id = ppk.example.org
    secret = 0sYSBwb3N0LXF1YW50dW0ga2V5IGZvciBhbGw= }
}
pools {
  addresses { addrs = 10.3.0.0/24
    dns = 10.1.0.53, 10.1.0.54 }
  v6 { addrs = fec3::/120 }
}
authorities {
  ca { cacert = ca.pem
    crl_uris = http://crl.example.org/ca.crl, http://crl2.example.org/ca.crl
  }
}
`,
  more: `host {
  remote_addrs = gateway.example.org
  local { auth = psk }
  remote { auth = psk }
  children { host { mode = transport
    policies = yes
    dpd_action = restart } }
  dpd_delay = 30s
  unique = replace
}
`,
} as const;

/** A strongswan.conf with options of every kind. */
export const VALID_SETTINGS = `charon {
  port = 500
  retransmit_tries = 5
  retransmit_timeout = 4.0
  keep_alive = 20s
  install_routes = yes
  cookie_threshold = 30
  interfaces_use = eth0, eth1
  plugins { vici { socket = unix:///run/charon.vici } attr { dns = 10.0.0.1 } }
  filelog { stdout { default = 1
      ike = 2
      time_format = "%b %e %T" }
    log : charon.filelog.stdout { path = /var/log/charon.log } }
  spi_min = 0xc0000000
  initiator_only = no
}
charon-systemd : charon { journal { default = 0 } }
swanctl { load = pem pkcs1 }
`;

/** An ipsec.conf of every kind of section. */
export const VALID_IPSEC_CONF = `# gateways
config setup
  uniqueids = never
  charondebug="ike 2, net -1"

conn %default
  keyexchange=ikev2
  ikelifetime=3h
  rekeymargin=9m
  left=192.0.2.1
  leftid="C=CH, O=strongSwan, CN=moon"
  leftauth=psk

conn sun
  also=peer
  leftsubnet=10.1.0.0/16,fec1::/16
  rightsubnet=10.2.0.0/16[tcp/http]
  ike=aes256-sha256-x25519!
  esp=aes256gcm16-x25519
  auto=route
  mark=42/0xff

conn peer
  right=192.0.2.2
  rightid=sun.example.org
  rightauth=psk
  dpdaction=restart
  dpddelay=30s

conn host
  right=%any
  rightauth=psk
  rightsourceip=10.3.0.0/24
  type=tunnel
  mobike=no
  reqid=7
  auto=add

ca lab
  cacert=ca.pem
  crluri=http://crl.example.org/ca.crl
  auto=add
`;

/** An ipsec.secrets of every kind that needs no other file. */
export const VALID_IPSEC_SECRETS = `# secrets
moon.example.org sun.example.org : PSK "a secret # that is long enough"
192.0.2.1 %any : PSK 0x0102030405060708090a0b0c0d0e0f10
"C=CH, O=strongSwan, CN=moon" : PSK 0sYSBzZWNyZXQgdGhhdCBpcyBsb25n
carol : EAP "Ar3etTnp"
dave : NTLM 0x0102030405060708090a0b0c0d0e0f10
erin : XAUTH 'four words of it'
: PSK 'for everybody who has none'
`;
