/**
 * Records what iproute2 sends for a list of commands, as hex, into test/vectors/iproute2/requests.json.
 *
 *   unshare -n node scripts/capture-iproute2.ts
 *
 * Needs root, strace and ip. Whether the kernel grants the request does not matter: only the bytes are kept.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const key = (octets: number): string => `0x${'5a'.repeat(octets)}`;

/** Name of the vector, and the arguments of `ip`. */
const commands: Readonly<Record<string, string>> = {
  'sa-gcm-tunnel': `xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0xc0000001 reqid 7 mode tunnel replay-window 32 aead rfc4106(gcm(aes)) ${key(20)} 128 if_id 0x2a mark 0x10 mask 0xff output-mark 0x99`,
  'sa-cbc-sha2-encap-esn': `xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0xffffffff reqid 1 mode tunnel replay-window 128 flag esn enc cbc(aes) ${key(16)} auth-trunc hmac(sha256) ${key(32)} 128 encap espinudp 4500 35000 0.0.0.0`,
  'sa-v6-transport-selector': `xfrm state add src 2001:db8::1 dst 2001:db8::2 proto esp spi 0x1000 reqid 3 mode transport flag decap-dscp extra-flag dont-encap-dscp enc cbc(aes) ${key(32)} auth hmac(sha1) ${key(20)} sel src 2001:db8::1/128 dst 2001:db8::2/128 proto tcp sport 80 dport 4242 limit time-soft 100 limit time-hard 200 limit byte-soft 18446744073709551614 limit byte-hard 5000000000 limit packet-soft 10 limit packet-hard 20`,
  'sa-update': `xfrm state update src 192.0.2.1 dst 192.0.2.2 proto ah spi 0x200 mode transport auth-trunc hmac(sha512) ${key(64)} 256`,
  'sa-delete': 'xfrm state delete dst 192.0.2.2 proto esp spi 0xc0000001 mark 0x10 mask 0xff',
  'sa-get': 'xfrm state get dst 2001:db8::2 proto esp spi 0x80000000',
  'sa-allocspi':
    'xfrm state allocspi src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel reqid 9 min 0xc0000000 max 0xcfffffff',
  'policy-out': `xfrm policy add dir out src 10.1.0.0/16 dst 10.2.0.0/24 proto tcp sport 80 dport 0 priority 366912 mark 0x5 mask 0xffffffff if_id 0x9 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1234 reqid 7 mode tunnel`,
  'policy-update-block':
    'xfrm policy update dir fwd src 2001:db8:1::/48 dst ::/0 action block priority 5',
  'policy-two-templates': `xfrm policy add dir in src 10.1.0.0/16 dst 10.2.0.0/16 priority 1 tmpl src 192.0.2.1 dst 192.0.2.2 proto comp reqid 7 mode tunnel level use tmpl proto esp reqid 7 mode transport`,
  'policy-delete': 'xfrm policy delete dir in src 10.1.0.0/16 dst 10.2.0.0/16',
  'route-add': 'route add 10.9.0.0/16 via 192.0.2.9 dev lo table 220 proto static src 192.0.2.1',
  'rule-add': 'rule add from all lookup 220 priority 220',
  'address-add': 'address add 192.0.2.7/24 dev lo',
};

const version = spawnSync('ip', ['-V'], { encoding: 'utf8' }).stdout.trim();
const vectors: Record<string, { source: string; hex: string }> = {};
spawnSync('ip', ['link', 'set', 'lo', 'up']);
for (const [name, command] of Object.entries(commands)) {
  const hex = capture(command.split(' '));
  vectors[name] = { source: `ip ${command} (${version}, recorded with strace)`, hex };
}
const target = new URL('../test/vectors/iproute2/requests.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(vectors, undefined, 2)}\n`);

/** The octets of the last request, which is the one that the command is about. */
function capture(argv: readonly string[]): string {
  const options = ['-e', 'trace=sendmsg,sendto', '-e', 'write=all'];
  const { stderr } = spawnSync('strace', [...options, 'ip', ...argv], { encoding: 'utf8' });
  const requests: string[] = [];
  let open = false;
  for (const line of stderr.split('\n')) {
    const dumped = /^ \| [0-9a-f]{5,} {2}((?:[0-9a-f]{2} {1,2})+)/.exec(line)?.[1];
    if (dumped === undefined) {
      open = false;
      continue;
    }
    const octets = dumped.replaceAll(' ', '');
    if (open) requests[requests.length - 1] += octets;
    else requests.push(octets);
    open = true;
  }
  const last = requests.at(-1);
  if (last === undefined) throw new Error(`ip ${argv.join(' ')} sent nothing:\n${stderr}`);
  return last;
}
