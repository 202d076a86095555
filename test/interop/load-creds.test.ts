import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { ourProgram, STRONGSWAN } from '../lab/charon-programs.ts';
import { confText } from '../lab/conf-text.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { makeSites, type Sites } from '../lab/sites.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { makeCredentials, SECRETS, writeBroken } from './credential-folder.ts';

/** What a command of swanctl said: lines of each stream, in an order that does not depend on that of a folder. */
interface Said {
  readonly code: number | null;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

const OUR_SWANCTL = [
  `${REPOSITORY}/node_modules/.bin/node`,
  `${REPOSITORY}/daemon/cli/swanctl/main.ts`,
];

const lines = (text: string): readonly string[] => text.split('\n').sort();

describeWith(
  'lab',
  'the stock swanctl loads credentials, and shows of us what it shows of charon',
  () => {
    let sites: Sites;
    let ours: CharonGateway;
    let charon: CharonGateway;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'load-creds-'));
      sites = await makeSites('strongswan', 'strongswan');
      ours = new CharonGateway(sites.moon, ourProgram());
      charon = new CharonGateway(sites.sun, STRONGSWAN);
      makeCredentials(folder);
      const programs = [
        [ours, ourProgram()],
        [charon, STRONGSWAN],
      ] as const;
      for (const [gateway, program] of programs) {
        cpSync(folder, gateway.host.path('/etc/swanctl'), { recursive: true });
        gateway.host.write(
          '/etc/swanctl/swanctl.conf',
          confText({ secrets: SECRETS, authorities: AUTHORITIES }),
        );
        await gateway.startDaemon(confText(program.conf));
      }
      // Both use the same attribute certificate: its serial number is random.
      await ours.host.ok([
        'sh',
        '-c',
        'pki --acert --issuercert /etc/swanctl/x509aa/aa.pem --issuerkey /etc/swanctl/private/aa.pem --in /etc/swanctl/x509/moon.pem --group sales > /etc/swanctl/x509ac/moon.der',
      ]);
      cpSync(
        ours.host.path('/etc/swanctl/x509ac/moon.der'),
        charon.host.path('/etc/swanctl/x509ac/moon.der'),
      );
    }, 60_000);

    afterAll(async () => {
      await Promise.all([ours?.stop(), charon?.stop()]);
      await sites?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    async function said(gateway: CharonGateway, ...args: readonly string[]): Promise<Said> {
      const { code, stdout, stderr } = await gateway.swanctl(...args);
      return { code, stdout: lines(stdout), stderr: lines(stderr) };
    }

    async function expectSame(...args: readonly string[]): Promise<Said> {
      const [own, theirs] = [await said(ours, ...args), await said(charon, ...args)];
      expect(own, args.join(' ')).toEqual(theirs);
      return own;
    }

    async function expectSameList(...args: readonly string[]): Promise<string> {
      const [own, theirs] = await Promise.all([
        ours.swanctlOk('--list-certs', ...args),
        charon.swanctlOk('--list-certs', ...args),
      ]);
      expect(own, args.join(' ')).toBe(theirs);
      return own;
    }

    testWith(
      'lab',
      'everything in its folders, encrypted keys and PKCS#12 containers included',
      async () => {
        const { stdout, stderr } = await expectSame('--load-creds', '--noprompt');
        expect(stderr.filter((line) => / failed|ignor/.test(line))).toEqual([]);
        expect(stdout.filter((line) => line.startsWith('loaded certificate from'))).toHaveLength(
          16,
        );
        expect(stdout.filter((line) => / key from /.test(line))).toHaveLength(9);
        // Again, with everything there: nothing is lost, nothing twice.
        await expectSame('--load-creds', '--noprompt');
      },
    );

    testWith('lab', 'list-certs: our program prints what the stock one does', async () => {
      for (const args of [['--utc'], ['--short'], ['--pem']]) {
        const own = await ours.host.ok([...OUR_SWANCTL, '--list-certs', ...args]);
        // ours can also write public keys as PEM
        const comparable = own.replaceAll(
          /-{5}BEGIN PUBLIC KEY-{5}[^-]+-{5}END PUBLIC KEY-{5}\n/g,
          '',
        );
        expect(comparable, args.join(' ')).toBe(await ours.swanctlOk('--list-certs', ...args));
        expect(own).toMatch(/BEGIN ATTRIBUTE CERTIFICATE|groups: {4}sales/);
      }
    });

    testWith(
      'lab',
      'list-certs: everything, by type, by flag, by subject, as PEM, short',
      async () => {
        const all = await expectSameList('--utc');
        for (const kind of [
          'End Entity',
          'CA',
          'AA',
          'OCSP Signer',
          'Attribute',
          'CRL',
          'Raw Public',
        ])
          expect(all).toContain(kind);
        expect(all.match(/has private key/g)?.length).toBeGreaterThan(5);
        for (const args of [
          ['--pem'],
          ['--short'],
          ['--type', 'x509'],
          ['--type', 'X509'],
          ['--type', 'x509ca'],
          ['--type', 'x509aa'],
          ['--type', 'x509ocsp'],
          ['--type', 'x509ac'],
          ['--type', 'x509crl'],
          ['--type', 'pubkey'],
          ['--type', 'X509_CRL'],
          ['--type', 'nope'],
          ['--type', 'x509', '--flag', 'ca'],
          ['--type', 'X509', '--flag', 'ca'],
          ['--type', 'X509', '--flag', 'NONE'],
          ['--flag', 'ocsp'],
          ['--flag', 'nope'],
          ['--type', 'X509', '--flag', 'nope'],
          ['--subject', 'C=XX, O=Lab, CN=moon.example.org'],
          ['--subject', 'moon.example.org'],
          ['--subject', 'C=XX, O=Lab, CN=RootCA'],
          ['--subject', 'C=XX, O=Lab, CN=*'],
        ]) {
          await expectSameList(...args);
        }
      },
    );

    testWith('lab', 'authorities: loaded, listed, unloaded', async () => {
      await expectSame('--load-authorities');
      const { stdout } = await expectSame('--list-authorities');
      expect(stdout.join('\n')).toContain('http://crl.example.org/root.crl');
      await expectSame('--list-authorities', '--name', 'lab-int');
      await expectSame('--list-authorities', '--name', 'nope');
      await expectSame('--list-authorities', '--raw');
      await expectSameList('--utc');
      await expectSame('--flush-certs');
      await expectSame('--flush-certs', '--type', 'x509crl');
      await expectSame('--flush-certs', '--type', 'nope');
    });

    testWith('lab', 'certificates and keys that connections bring with them', async () => {
      for (const { host } of [ours, charon]) {
        await host.sh('mkdir -p /root/conn; echo > /root/empty-conn.conf');
        cpSync(join(folder, 'work'), host.path('/root/conn'), { recursive: true });
        host.write('/root/conns.conf', confText({ connections: CONNECTIONS }));
      }
      await expectSame('--load-conns', '--file', '/root/conns.conf');
      await expectSameList('--utc');
      await expectSame('--list-conns');
      await expectSame('--load-conns', '--file', '/root/empty-conn.conf');
      // charon keeps them until everything is cleared; ours go with their connection.
      const left = await ours.swanctlOk('--list-certs');
      for (const gone of ['OtherCA', 'lone.example.org', 'far.example.org'])
        expect(left).not.toContain(gone);
    });

    testWith('lab', 'credentials are cleared, and CAs of authorities stay', async () => {
      for (const { host } of [ours, charon])
        await host.sh('mkdir /root/empty; echo > /root/empty/swanctl.conf');
      await expectSame(
        '--load-creds',
        '--clear',
        '--noprompt',
        '--file',
        '/root/empty/swanctl.conf',
      );
      const left = await expectSameList('--utc');
      expect(left).toContain('CN=RootCA');
      expect(left).not.toContain('moon');
      const none = await ours.swanctlOk('--load-authorities', '--file', '/root/empty/swanctl.conf');
      expect(none).toContain('2 unloaded');
      await charon.swanctlOk('--load-authorities', '--file', '/root/empty/swanctl.conf');
      expect(await expectSameList('--utc')).toBe('');
      await expectSame('--load-creds', '--noprompt');
      await expectSameList('--utc');
    });

    testWith('lab', 'broken files are told, and everything else is loaded', async () => {
      for (const { host } of [ours, charon]) writeBroken(host.path('/etc/swanctl'), folder);
      const [own, theirs] = [
        await said(ours, '--load-creds', '--noprompt'),
        await said(charon, '--load-creds', '--noprompt'),
      ];
      expect(own.stdout).toEqual(theirs.stdout);
      // Ours go on with what was found and what was expected.
      const told = theirs.stderr.filter((line) => line !== '');
      expect(told.length).toBeGreaterThan(5);
      const beginnings = own.stderr.map(
        (line) => told.find((text) => line.startsWith(text)) ?? line,
      );
      expect(beginnings.filter((line) => line !== '')).toEqual(told);
      expect(own.stderr.filter((line) => line.includes('expected'))).not.toEqual([]);
      expect(own.code).toBe(theirs.code);
      await expectSameList('--utc');
    });
  },
);

const AUTHORITIES = {
  'lab-root': {
    cacert: 'root.pem',
    crl_uris: 'http://crl.example.org/root.crl, ldap://ldap.example.org/cn=crl',
    ocsp_uris: 'http://ocsp.example.org/, http://ocsp2.example.org:8080/',
    cert_uri_base: 'http://certs.example.org/',
  },
  'lab-int': { cacert: 'int.der' },
};

/** What they name lies where nothing else is loaded from. */
const CONNECTIONS = {
  one: {
    remote_addrs: '192.0.2.7',
    local: { auth: 'pubkey', certs: '/root/conn/lone.pem' },
    remote: { auth: 'pubkey', cacerts: '/root/conn/other.pem', certs: '/root/conn/far.pem' },
    children: { net: { remote_ts: '10.9.0.0/16' } },
  },
  two: {
    remote_addrs: '192.0.2.8',
    local: { auth: 'pubkey', pubkeys: '/root/conn/lone.pub', id: 'lone.example.org' },
    remote: { auth: 'pubkey', pubkeys: '/root/conn/far.pub', id: 'far.example.org' },
    children: { net: { remote_ts: '10.8.0.0/16' } },
  },
};
