import { afterAll, beforeAll, expect } from 'vitest';
import { pem } from '../lab/credentials.ts';
import {
  type IpsecFiles,
  IpsecHost,
  type IpsecProgram,
  OUR_IPSEC,
  STRONGSWAN_IPSEC,
} from '../lab/ipsec-host.ts';
import { OpensslCa } from '../lab/openssl-ca.ts';
import { OCSP_PORT, PkiServers } from '../lab/pki-servers.ts';
import { ADDRESSES } from '../lab/plan.ts';
import { makeSites, type Sites } from '../lab/sites.ts';
import { der, extension, nameOf } from '../support/build-x509.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { ext, TestAuthority } from '../support/revocation-pki.ts';
import { buildAttributeCertificate } from '../support/x509-samples.ts';

const { moon: MOON, sun: SUN } = ADDRESSES;
/** Who answers OCSP requests, as sun reaches it. */
const OCSP = `http://${SUN[4].router}:${OCSP_PORT}`;

const DEFAULTS = `
conn %default
  keyexchange=ikev2
  ike=aes128-sha256-x25519!
  esp=aes128gcm16!
  mobike=no
  dpddelay=300s
  dpdaction=clear
`;

const now = Date.now();
const DAY = 86_400_000;
const pki = TestAuthority.root('Other CA', now);
const responder = pki.issue('responder', 7, now, [ext.ocspSigning()]);
const attributes = pki.issue('attributes', 0x91_42, now);

/** One of each kind that a folder can bring. */
const FOLDERS = {
  'cacerts/other.pem': pem('CERTIFICATE', pki.certificate.der),
  'ocspcerts/responder.pem': pem('CERTIFICATE', responder.certificate.der),
  'aacerts/attributes.pem': pem('CERTIFICATE', attributes.certificate.der),
  'crls/other.pem': pem(
    'X509 CRL',
    pki.crlDer({
      thisUpdate: now - DAY,
      nextUpdate: now + 30 * DAY,
      entries: [
        { serial: 9, at: now - DAY, reason: 1 },
        { serial: 0x9142, at: now - DAY },
      ],
    }),
  ),
  'acerts/holder.pem': pem(
    'ATTRIBUTE CERTIFICATE',
    buildAttributeCertificate({
      holder: der.seq(
        der.explicit(0, der.seq(der.explicit(4, nameOf('CA'))), der.int(0, 0x91, 0x42)),
        der.explicit(1, der.explicit(4, nameOf('holder'))),
      ),
      extensions: [
        extension('2.5.29.35', der.seq(der.implicit(0, Uint8Array.of(1, 2, 0xab)))),
        extension('2.5.29.56', der.null()),
      ],
    }),
  ),
  'acerts/number.pem': pem('ATTRIBUTE CERTIFICATE', buildAttributeCertificate()),
  'certs/peer.pub': pem('PUBLIC KEY', pki.issue('peer', 10, now).key.spki),
};

/** The gateway whose listings are compared: every kind of line that a configuration can bring. */
const sunFiles = (ca: OpensslCa): IpsecFiles => ({
  conf: `${DEFAULTS}
conn gateways
  left=${SUN[4].gateway}
  leftid=@sun.example.org
  right=${MOON[4].gateway}
  rightid=@moon.example.org
  authby=psk
conn net
  also=gateways
  leftsubnet=${SUN[4].net}
  rightsubnet=${MOON[4].net}
  dpdaction=restart
  auto=add
conn host
  also=gateways
  type=transport
  compress=yes
  esp=aes256-sha256-modp2048!
  auto=add
conn trap
  also=gateways
  leftsubnet=10.52.0.0/24,10.53.0.0/24[tcp/80]
  rightsubnet=10.51.0.0/24
  auto=route
conn cert
  left=${SUN[4].gateway}
  leftid=@cert.example.org
  leftcert=own.pem
  leftsubnet=${SUN[4].net}
  right=%any
  rightca="CN=Lab CA"
  rightsourceip=10.77.0.0/24,fd77::/120
  reauth=no
  forceencaps=yes
  dpdaction=none
  auto=add
conn gone
  left=${SUN[4].gateway}
  leftid=@sun.example.org
  right=203.0.113.9
  rightsubnet=10.59.0.0/24
  authby=psk
  auto=add
conn raw
  left=${SUN[4].gateway}
  leftid=@sun.example.org
  leftauth=psk
  right=203.0.113.10
  rightid=@raw.example.org
  rightauth=pubkey
  rightsigkey=peer.pub
  auto=add
conn pass
  left=127.0.0.1
  leftsubnet=10.57.0.0/24
  rightsubnet=10.58.0.0/24
  type=passthrough
  auto=route
ca lab
  cacert=ca0.pem
  crluri=http://pki.example.org/a.crl
  crluri2=http://pki.example.org/b.crl
  ocspuri=${OCSP}
  ocspuri2=http://ocsp.example.org
  auto=add
`,
  secrets: '@moon.example.org @sun.example.org : PSK "zei5Ohth-lab"\n: ECDSA own.pem\n',
  more: FOLDERS,
  own: ca.issue('cert', { dns: 'cert.example.org' }),
  cas: [ca],
});

const moonFiles = (ca: OpensslCa): IpsecFiles => ({
  conf: `${DEFAULTS}
conn gateways
  left=${MOON[4].gateway}
  leftid=@moon.example.org
  right=${SUN[4].gateway}
  rightid=@sun.example.org
  authby=psk
conn net
  also=gateways
  leftsubnet=${MOON[4].net}
  rightsubnet=${SUN[4].net}
  auto=add
conn host
  also=gateways
  type=transport
  compress=yes
  esp=aes256-sha256-modp2048!
  auto=add
conn cert
  left=${MOON[4].gateway}
  leftcert=own.pem
  leftid=@carol.example.org
  leftsourceip=%config4,%config6
  right=${SUN[4].gateway}
  rightid=@cert.example.org
  rightsubnet=${SUN[4].net}
  auto=add
`,
  secrets: '@moon.example.org @sun.example.org : PSK "zei5Ohth-lab"\n: ECDSA own.pem\n',
  own: ca.issue('carol', { dns: 'carol.example.org' }),
  cas: [ca],
});

/** What makes the state that the others list; `ipsec` is the program of the side. */
type Shell = { readonly moon: string } | { readonly sun: string };

/** Commands, in order. */
const STEPS: readonly (readonly string[] | Shell)[] = [
  [
    '--versioncode',
    '--confdir',
    '--piddir',
    '--foo',
    'foo',
    'up',
    'down-srcip',
    'status',
    'statusall',
    'status nix',
    'status trap',
    'statusall cert',
    'leases',
    'leases nix',
    'leases 10.77.0.0/24',
    'leases 10.77.0.0/24 10.77.0.1',
    'listcounters',
    'listcounters nix',
    'listcounters all',
    'listpubkeys',
    'listcerts',
    'listcacerts',
    'listcrls --utc',
    'listaacerts',
    'listocspcerts',
    'listacerts',
    'listacerts --utc',
    'listcainfos',
    'listcrls',
    'listocsp',
    'up nix',
    'down nix',
    'down net',
    'down net[7]',
    'down net{7}',
    'down net{*}',
    'route nix',
    'unroute nix',
    'unroute trap',
    'unroute trap',
    'route trap',
    'route pass',
    'unroute pass',
    'route net',
    'unroute net',
    'up net',
  ],
  { moon: 'ipsec up host; ipsec up cert' },
  { moon: `ping -c 3 -i 0.1 -I ${MOON[4].inner} ${SUN[4].inner}` },
  [
    'status',
    'statusall',
    'status net',
    'statusall host',
    'leases',
    'leases 10.77.0.0/24 10.77.0.1',
    'leases 10.77.0.0/24 10.77.0.9',
    'listcounters',
    'listcounters net',
    'listcounters all',
    'listcerts --utc',
    'listocsp',
    'listocsp --utc',
    'resetcounters net',
    'listcounters net',
    'resetcounters',
    'rereadall',
    'rereadsecrets',
    'purgecerts',
    'purgecrls',
    'purgeocsp',
    'listocsp',
    'rereadacerts',
    'listacerts',
    'down host{*}',
    'down net{}',
    'purgeike',
    'down-srcip 10.77.0.1 10.77.0.9',
    'leases',
    'status',
  ],
  { sun: '(ipsec up gone >/dev/null 2>&1 &); sleep 3' },
  ['status', 'statusall gone', 'down gone', 'status'],
];

/** What a command says, without what two daemons cannot have in common. */
function normal(text: string): string {
  return (
    inOrder(text)
      .replaceAll(/\b[0-9a-f]{8}_([io])\b/g, 'SPI_$1')
      .replaceAll(/\b[0-9a-f]{4}_([io])\b/g, 'CPI_$1')
      .replaceAll(/\b[0-9a-f]{16}_([ir])/g, 'SPI_$1')
      .replaceAll(/\b\d+s ago/g, 'TIME ago')
      .replaceAll(/\b\d+ (second|minute|hour|day)s?\b/g, 'TIME')
      .replaceAll(
        /(?<=update: {4}this|next) on \w{3} \d\d \d\d:\d\d:\d\d( UTC)? \d{4}/g,
        ' on DATE$1',
      )
      .replaceAll(/since \w{3} \d\d \d\d:\d\d:\d\d \d{4}/g, 'since DATE')
      .replaceAll(/^ {2}malloc: .*\n/gm, '')
      .replaceAll(/(?<=IKE charon daemon \(strongSwan )[\d.]+/g, 'VERSION')
      // CHILD_SAs and traps are counted apart here
      .replaceAll(/\{\d+\}/g, '{N}')
      .replaceAll(/(?<=worker threads: ).*/g, 'WORK')
      .replaceAll(/(?<=loaded plugins: ).*/g, 'PLUGINS')
      // since 6.1.0 it counts all where every version before it, and ours, count those that are up
      .replaceAll(
        /\((\d+) total, (\d+) connecting/g,
        (_, all, connecting) => `(${Number(all) - Number(connecting)} up, ${connecting} connecting`,
      )
      .replaceAll(/(?<=\]: Tasks (?:active|queued|passive): ).*/g, 'TASKS')
      .replaceAll(/^\/usr\/sbin\/ipsec: /gm, 'ipsec: ')
  );
}

/** Commands that print the log of what they do, of which only the last line is compared. */
const LOGGED = ['up net', 'down host{*}', 'down net{}', 'down gone'];

/** SAs, counters and certificates come in the order of a table's buckets. */
function inOrder(text: string): string {
  const [head = '', ...parts] = text.split(
    /^(?= *\S+\[\d+\]: [A-Z]+ |\nList of IKE counters for| {2}subject: |exit code)/m,
  );
  const end = parts.pop() ?? '';
  const blocks = parts.map((part) => part.replace(/\n\n$/, '\n'));
  return head.startsWith('\n')
    ? [...[head, ...blocks].sort(), end].join('')
    : [head, ...blocks.sort(), end].join('');
}

describeWith(
  ['lab', 'starter', 'servers'],
  'what ipsec prints, beside the one of strongSwan',
  () => {
    let made: Sites | undefined;
    let files: Readonly<Record<'moon' | 'sun', IpsecFiles>> | undefined;
    beforeAll(async () => {
      made = await makeSites('ipsec-layout', 'starter', 'servers', 'starter');
      const ca = new OpensslCa(`${made.lab.folder}/pki`);
      files = { moon: moonFiles(ca), sun: sunFiles(ca) };
      await new PkiServers(made.router).ocsp(ca, { kind: 'ca' });
    });
    afterAll(() => made?.[Symbol.asyncDispose]());

    /** What the commands say on sun, where this program runs. */
    async function said(program: IpsecProgram): Promise<Map<string, string>> {
      if (made === undefined || files === undefined) throw new Error('the sites could not be made');
      const moon = new IpsecHost(made.moon, STRONGSWAN_IPSEC);
      const sun = new IpsecHost(made.sun, program);
      await Promise.all([moon.configure(files.moon), sun.configure(files.sun)]);
      // names of protocols and ports, which the root has no package for
      made.sun.write('/etc/protocols', 'tcp 6 TCP\n', 0o644);
      made.sun.write('/etc/services', 'http 80/tcp\n', 0o644);
      const said = new Map<string, string>();
      try {
        await Promise.all([moon.start(), sun.start()]);
        for (const step of STEPS) {
          if (!Array.isArray(step)) {
            await shell(moon, sun, step as Shell);
            continue;
          }
          for (const [i, { stdout, stderr, code }] of (await sun.batch(step)).entries()) {
            // what is logged on the way is not compared
            const out = LOGGED.includes(step[i] ?? '')
              ? `${stdout.trim().split('\n').at(-1)}\n`
              : stdout;
            said.set(
              `${said.size + 1}: ipsec ${step[i]}`,
              normal(`${out}${stderr}exit code ${code}\n`),
            );
          }
        }
      } finally {
        await Promise.all([moon.stop(), sun.stop()]);
      }
      return said;
    }

    async function shell(moon: IpsecHost, sun: IpsecHost, step: Shell): Promise<void> {
      const [side, line] = 'moon' in step ? [moon, step.moon] : [sun, step.sun];
      await side.host.sh(line.replaceAll(/\bipsec\b/g, side.program.argv.join(' ')));
    }

    testWith(
      'lab',
      'command by command, in equal states',
      async () => {
        const theirs = await said(STRONGSWAN_IPSEC);
        const ours = await said(OUR_IPSEC);
        const differing = [...theirs].filter(([command, text]) => ours.get(command) !== text);
        if (process.env['SHOW'])
          for (const [command, text] of differing)
            console.log(`##### ${command}\n${text}#####\n${ours.get(command)}`);
        expect(differing.map(([command]) => command)).toEqual([]);
      },
      240_000,
    );
  },
);
