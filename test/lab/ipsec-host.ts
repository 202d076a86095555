import { ourProgram } from './charon-programs.ts';
import { type ConfTree, confText } from './conf-text.ts';
import { pem } from './credentials.ts';
import type { Daemon, Host } from './host.ts';
import { REPOSITORY } from './paths.ts';
import type { Finished } from './run.ts';
import { waitFor } from './wait.ts';

/** A program called ipsec, and what the daemon that it starts must be told in strongswan.conf. */
export interface IpsecProgram {
  readonly product: string;
  readonly argv: readonly string[];
  /** Runs a JSON list of command lines in one process. */
  readonly batch?: readonly string[];
  readonly conf: ConfTree;
}

/** What came of a command. */
export type Outcome = Pick<Finished, 'stdout' | 'stderr' | 'code'>;

/** Ours. */
export const OUR_IPSEC: IpsecProgram = {
  product: 'charon-ts',
  argv: [`${REPOSITORY}/node_modules/.bin/node`, `${REPOSITORY}/daemon/cli/ipsec/main.ts`],
  batch: [`${REPOSITORY}/node_modules/.bin/node`, `${REPOSITORY}/test/lab/ipsec-batch.ts`],
  conf: ourProgram().conf,
};

const LOG = '/var/log/charon.log';
const [OUT, ERR, CODE] = ['/run/ipsec.out', '/run/ipsec.err', '/run/ipsec.code'];

/** The one of strongSwan, in the root `starter`. */
export const STRONGSWAN_IPSEC: IpsecProgram = {
  product: 'strongSwan',
  argv: ['/usr/sbin/ipsec'],
  conf: {
    charon: {
      load_modular: 'yes',
      retransmit_timeout: '1.0',
      retransmit_tries: 4,
      filelog: { charon: { path: LOG, default: 1, ike: 2, cfg: 2, flush_line: 'yes' } },
      plugins: { include: 'strongswan.d/charon/*.conf' },
    },
  },
};

/** What is in /etc of a host. */
export interface IpsecFiles {
  /** Text of ipsec.conf and of ipsec.secrets. */
  readonly conf: string;
  readonly secrets: string;
  /** This host's certificate, and the CAs that it believes. */
  readonly own?: { readonly certificate: Uint8Array; readonly privateKey: Uint8Array };
  readonly cas?: readonly { readonly certificate: Uint8Array }[];
  /** Texts by path below ipsec.d. */
  readonly more?: Readonly<Record<string, string>>;
}

/** A host whose daemon is started and steered by a program called ipsec. */
export class IpsecHost {
  readonly host: Host;
  readonly program: IpsecProgram;
  #starter: Daemon | undefined;

  constructor(host: Host, program: IpsecProgram) {
    this.host = host;
    this.program = program;
  }

  /** Puts files where ipsec finds them, instead of all that were there. */
  async configure({ conf, secrets, own, cas = [], more = {} }: IpsecFiles): Promise<void> {
    const { host } = this;
    host.write('/etc/strongswan.conf', confText(this.program.conf));
    host.write('/etc/ipsec.conf', conf);
    host.write('/etc/ipsec.secrets', secrets);
    const folders = ['cacerts', 'certs', 'private', 'aacerts', 'ocspcerts', 'acerts', 'crls'];
    await host.sh(
      `cd /etc; mkdir -p ${folders.map((one) => `ipsec.d/${one}`).join(' ')}; rm -f ipsec.d/*/*`,
    );
    if (own !== undefined) {
      host.write('/etc/ipsec.d/certs/own.pem', pem('CERTIFICATE', own.certificate));
      host.write('/etc/ipsec.d/private/own.pem', pem('PRIVATE KEY', own.privateKey));
    }
    for (const [path, text] of Object.entries(more)) host.write(`/etc/ipsec.d/${path}`, text);
    cas.forEach((ca, i) => {
      host.write(`/etc/ipsec.d/cacerts/ca${i}.pem`, pem('CERTIFICATE', ca.certificate));
    });
  }

  /** Runs `ipsec start`, in the foreground with `nofork`; resolves when the daemon answers. */
  async start(how: 'nofork' | 'background' = 'background'): Promise<void> {
    if (how === 'background') {
      await this.host.ok([...this.program.argv, 'start']);
      // ours comes back when the configuration is loaded
      if (this.program.batch !== undefined) return;
    } else
      this.#starter = this.host.spawn(
        [...this.program.argv, 'start', '--nofork'],
        '/var/log/starter.log',
      );
    await waitFor(`ipsec start of ${this.program.product}`, () => this.answers(), 20_000);
  }

  /** Whether the daemon answers. */
  async answers(): Promise<boolean> {
    return (await this.said('status')).includes('Security Associations');
  }

  /** Runs `ipsec stop`; resolves when nothing is left. */
  async stop(): Promise<void> {
    await this.ipsec('stop');
    await this.#starter?.ended;
    this.#starter = undefined;
  }

  /** Runs a command. */
  ipsec(...args: readonly string[]): Promise<Finished> {
    return this.host.exec([...this.program.argv, ...args]);
  }

  /** Runs a command; resolves with its standard output. */
  async said(...args: readonly string[]): Promise<string> {
    return (await this.ipsec(...args)).stdout;
  }

  /** Runs commands one after the other; ours in one process, which is much faster. */
  async batch(lines: readonly string[]): Promise<readonly Outcome[]> {
    const { argv, batch } = this.program;
    if (batch !== undefined)
      return JSON.parse(await this.host.ok([...batch, JSON.stringify(lines)])) as Outcome[];
    const script = lines.map(
      (line, i) =>
        `${argv.join(' ')} ${line.replaceAll(/[{}[\]*]/g, '\\$&')} >${OUT}.${i} 2>${ERR}.${i}; echo $? >${CODE}.${i}`,
    );
    await this.host.ok(['sh', '-c', script.join('\n')]);
    const read = (file: string, i: number): string => this.host.read(`${file}.${i}`) ?? '';
    return lines.map((_, i) => ({
      stdout: read(OUT, i),
      stderr: read(ERR, i),
      code: Number(read(CODE, i)),
    }));
  }

  /** What the starter and the daemon have logged. */
  log(): string {
    return `${this.host.read('/var/log/starter.log') ?? ''}${this.host.read(LOG) ?? ''}`;
  }
}
