import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon, Host } from './host.ts';
import type { OpensslCa } from './openssl-ca.ts';
import { waitFor } from './wait.ts';

/** Ports of the servers; HTTP and LDAP have their usual ones. */
export const OCSP_PORT = 8888;
export const SILENT_PORT = 8889;

const WEB = '/srv/web';
const PKI = '/srv/pki';
const LDAP = '/srv/ldap';

/** Who answers OCSP requests: the CA itself, or the responder that it issued this certificate for. */
export type Responder =
  | { readonly kind: 'ca' }
  | { readonly kind: 'delegated'; readonly name: string };

/** The servers of a PKI on one host of the lab, which must live in the root `servers`. */
export class PkiServers {
  readonly #host: Host;
  readonly #running = new Map<string, Daemon>();

  constructor(host: Host) {
    this.#host = host;
    mkdirSync(host.path(WEB), { recursive: true });
  }

  /** Puts a file where the web server finds it, or changes it. */
  publish(name: string, octets: Uint8Array): void {
    writeFileSync(join(this.#host.path(WEB), name), octets);
  }

  /** Serves what is published by HTTP. */
  async web(): Promise<void> {
    const argv = ['python3', '-m', 'http.server', '80', '--directory', WEB];
    await this.#start('web', argv, 80);
  }

  /** Answers OCSP requests by the database of the CA as it is now, with openssl. */
  async ocsp(ca: OpensslCa, responder: Responder): Promise<void> {
    await this.stop('ocsp');
    cpSync(ca.folder, this.#host.path(PKI), { recursive: true });
    const signer = responder.kind === 'ca' ? 'ca' : responder.name;
    const options = `-index index.txt -CA ca.pem -rsigner ${signer}.pem -rkey ${signer}.key -nmin 60`;
    const command = `cd ${PKI} && exec openssl ocsp -port ${OCSP_PORT} ${options}`;
    await this.#start('ocsp', ['sh', '-c', command], OCSP_PORT);
  }

  /** Takes connections and says nothing. */
  async silence(): Promise<void> {
    const script = `
import socket, time
server = socket.create_server(('', ${SILENT_PORT}))
kept = []
while True: kept.append(server.accept())
`;
    await this.#start('silence', ['python3', '-c', script], SILENT_PORT);
  }

  /** Serves a CRL by LDAP as the entry `cn=ca,dc=lab`, with OpenLDAP. */
  async ldap(crl: Uint8Array): Promise<void> {
    const host = this.#host;
    host.write(
      `${LDAP}/slapd.conf`,
      `include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=lab"
directory ${LDAP}/data
`,
    );
    host.write(
      `${LDAP}/lab.ldif`,
      `dn: dc=lab
objectClass: dcObject
objectClass: organization
o: lab
dc: lab

dn: cn=ca,dc=lab
objectClass: cRLDistributionPoint
cn: ca
certificateRevocationList;binary:: ${Buffer.from(crl).toString('base64')}
`,
    );
    await this.stop('ldap');
    await host.sh(`rm -rf ${LDAP}/data; mkdir -p ${LDAP}/data`);
    await host.ok(['slapadd', '-f', `${LDAP}/slapd.conf`, '-l', `${LDAP}/lab.ldif`]);
    const argv = ['slapd', '-f', `${LDAP}/slapd.conf`, '-h', 'ldap://0.0.0.0:389/', '-d', '0'];
    await this.#start('ldap', argv, 389);
  }

  /** Ends one of the servers. */
  async stop(name: 'web' | 'ocsp' | 'silence' | 'ldap'): Promise<void> {
    const daemon = this.#running.get(name);
    this.#running.delete(name);
    daemon?.kill('SIGKILL');
    await daemon?.ended;
  }

  /** Ends all of them. */
  async stopAll(): Promise<void> {
    for (const name of ['web', 'ocsp', 'silence', 'ldap'] as const) await this.stop(name);
  }

  /** What a server said, requests included. */
  log(name: string): string {
    return this.#host.read(`/var/log/${name}.log`) ?? '';
  }

  async #start(name: string, argv: readonly string[], port: number): Promise<void> {
    if (this.#running.has(name)) return;
    const daemon = this.#host.spawn(argv, `/var/log/${name}.log`);
    this.#running.set(name, daemon);
    let ended = false;
    void daemon.ended.then(() => {
      ended = true;
    });
    await waitFor(`the server ${name}`, async () => {
      if (ended) throw new Error(`${name} ended: ${this.log(name)}`);
      const listening = await this.#host.ok(['ss', '-Hltn', `sport = :${port}`]);
      return listening.trim() !== '';
    });
  }
}
