import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ComposeService, servicesOf } from '../lab/compose.ts';
import { Container, commandOf, confined, ENGINE_CAPABILITIES } from '../lab/container.ts';
import { exampleSteps } from '../lab/example.ts';
import type { Host } from '../lab/host.ts';
import { Lab } from '../lab/lab.ts';
import { link } from '../lab/links.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith } from '../support/capability.ts';
import { keyPair, pemOf } from '../support/private-keys.ts';

const EXAMPLE = `${REPOSITORY}/conf/examples/two-containers`;
const FOLDER = '/root/two-containers';

test('the compose file is read as it is meant', () => {
  const [moon, sun] = servicesOf(readFileSync(`${EXAMPLE}/compose.yaml`, 'utf8'), { PSK: 'x' });
  expect(moon?.capabilities).toContain('NET_ADMIN');
  expect(moon?.readOnly).toBe(true);
  expect(moon?.dependsOn).toEqual(['sun']);
  expect(sun?.volumes).toEqual([['./sun.conf', '/etc/swanctl/conf.d/site.conf']]);
  expect(sun?.environment['CHARON_SWANCTL_CONF']).toBe('secrets { ike-site { secret = x } }');
  expect(sun?.addresses).toEqual({ between: '192.0.2.12', 'behind-sun': '10.2.0.12' });
});

/** `docker compose` of the README, where there is no engine. */
class Compose {
  readonly #lab: Lab;
  readonly #desk: Host;
  readonly containers = new Map<string, Container>();

  constructor(lab: Lab, desk: Host) {
    this.#lab = lab;
    this.#desk = desk;
  }

  async run(command: string): Promise<string> {
    const [verb = '', ...words] = command.split(' ');
    if (verb === 'up') await this.#up();
    else if (verb === 'exec') return this.#exec(words);
    else if (verb === 'kill') this.container(words.at(-1) ?? '').kill('SIGHUP');
    else if (verb === 'down') await this.#down();
    else throw new Error(`docker compose ${command}`);
    return '';
  }

  container(name: string): Container {
    const found = this.containers.get(name);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found;
  }

  async #up(): Promise<void> {
    const env = Object.fromEntries(
      [...(this.#desk.read(`${FOLDER}/.env`) ?? '').matchAll(/^(\w+)=(.*)$/gm)].map(
        ([, key = '', value = '']) => [key, value],
      ),
    );
    const services = servicesOf(this.#desk.read(`${FOLDER}/compose.yaml`) ?? '', env);
    const hosts = new Map<string, Host>();
    for (const { name } of services) hosts.set(name, await this.#lab.host(name, 'container'));
    await connect(services, hosts);
    const ordered = services.toSorted((a, b) => a.dependsOn.length - b.dependsOn.length);
    for (const service of ordered) {
      const host = hosts.get(service.name);
      if (host === undefined) continue;
      const container = await Container.start(host, service, this.#desk.path(FOLDER));
      this.containers.set(service.name, container);
      await healthy(container);
    }
    // A person who reads is slower than the handshakes.
    const up = async (): Promise<boolean> =>
      (await this.#exec(['moon', 'swanctl', '--list-sas'])).includes('INSTALLED');
    await waitFor('the tunnel', up, 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.container('moon').log()}`);
    });
  }

  async #exec([name = '', ...words]: readonly string[]): Promise<string> {
    // One argument is quoted at most, the last.
    const quoted = /'(.*)'$/.exec(words.join(' '))?.[1];
    const argv = quoted === undefined ? words : ['bash', '-c', quoted];
    const { code, stdout, stderr } = await this.container(name).exec(argv);
    expect(code, stderr).toBe(0);
    return stdout;
  }

  async #down(): Promise<void> {
    const codes = await Promise.all([...this.containers.values()].map((one) => one.stop()));
    expect(codes).toEqual([0, 0]);
  }
}

async function healthy(container: Container): Promise<void> {
  let said = '';
  const probe = async (): Promise<boolean> => {
    const { code, stdout, stderr } = await container.exec(commandOf('HEALTHCHECK'));
    said = `${code} ${stdout}${stderr}`;
    return code === 0 && container.log().includes('configuration loaded');
  };
  await waitFor(`${container.service.name} to be healthy`, probe, 20_000).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}: ${said}\n${container.log()}`);
    },
  );
}

async function connect(
  services: readonly ComposeService[],
  hosts: ReadonlyMap<string, Host>,
): Promise<void> {
  const ends = services.map(({ name, addresses }) => {
    const host = hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return { host, device: 'eth0', addresses: [`${addresses['between']}/24`], all: addresses };
  });
  const [a, b] = ends;
  if (a === undefined || b === undefined) throw new Error('two services make a tunnel');
  await link(a, b);
  for (const { host, all } of ends) {
    const [, behind] = Object.entries(all).find(([network]) => network !== 'between') ?? [];
    await host.network(
      `ip link add eth1 type dummy; ip link set eth1 up; ip address add ${behind}/24 dev eth1; ip route add default dev eth0`,
    );
  }
}

describeWith(['lab', 'container'], 'containers', () => {
  test('two of them have a tunnel, as the README of the example says', {
    timeout: 180_000,
  }, async () => {
    await using lab = new Lab('containers');
    const desk = await lab.host('desk', 'servers');
    await desk.sh(`cp -r ${EXAMPLE} ${FOLDER}`);
    const compose = new Compose(lab, desk);
    const printed: string[] = [];
    for (const line of exampleSteps('two-containers').flatMap(({ script }) =>
      script.trim().split('\n'),
    )) {
      const command = /^docker compose (.*)$/.exec(line)?.[1];
      if (command === 'down') await running(compose);
      printed.push(
        command === undefined ? await desk.sh(`cd ${FOLDER}; ${line}`) : await compose.run(command),
      );
    }
    const text = printed.join('\n');
    expect(text).toMatch(/^site: #1, ESTABLISHED, IKEv2/m);
    expect(text).toMatch(/net: #\d+, reqid \d+, INSTALLED, TUNNEL/);
    // what sun got
    expect(text).toMatch(
      /'sun\.example\.org'[\s\S]* in +c[0-9a-f]{7}, +[1-9]\d* bytes, +[1-9]\d* packets/,
    );
    for (const { host, log } of [...compose.containers.values()].map((one) => ({
      host: one.host,
      log: one.log(),
    }))) {
      expect(log).toContain('shutting down');
      expect(await host.network('ip xfrm state')).toBe('');
    }
  });

  // While both are up: who runs there, with which rights, and that HUP loaded everything again.
  async function running(compose: Compose): Promise<void> {
    const moon = compose.container('moon');
    await waitFor(
      'HUP to load again',
      () => moon.log().match(/configuration loaded/g)?.length === 2,
    );
    const pids = async (uid: string): Promise<string> => {
      const script = `for p in /proc/[0-9]*; do if grep -q "^Uid:.${uid}" $p/status; then cat $p/status; fi; done`;
      return (await moon.exec(['bash', '-c', script])).stdout;
    };
    const daemon = await pids('10500');
    expect(daemon.match(/^Name:/gm)).toHaveLength(1);
    for (const set of ['Prm', 'Eff', 'Bnd'])
      expect(daemon).toContain(`Cap${set}:\t0000000000001400\n`);
    expect(daemon).toContain('NoNewPrivs:\t1\n');
    expect((await moon.exec(['touch', '/etc/written'])).code).not.toBe(0);
    moon.host.write('/etc/swanctl/private/moon.pem', pemOf(keyPair('p256').privateKey));
    const loaded = await moon.exec(['swanctl', '--load-creds', '--noprompt']);
    expect(loaded.stdout, loaded.stderr).toContain('loaded private key from');
    const keeper = await pids('10501');
    expect(keeper.match(/^Name:/gm)).toHaveLength(1);
    for (const set of ['Prm', 'Eff', 'Bnd'])
      expect(keeper).toContain(`Cap${set}:\t0000000000000000\n`);
  }

  test('what is missing is named before anything is started', async () => {
    await using lab = new Lab('preflight');
    const host = await lab.host('moon', 'container');
    const check = (capabilities: readonly string[], prefix: readonly string[] = []) =>
      host.exec(confined(capabilities, true, [...prefix, ...commandOf('ENTRYPOINT'), '--check']));
    const full = [...ENGINE_CAPABILITIES, 'NET_ADMIN'];
    expect(await check(full)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await check(ENGINE_CAPABILITIES)).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('CAP_NET_ADMIN is missing'),
    });
    expect(
      await check(full, ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', '--']),
    ).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('leave out --user'),
    });
    expect(await check(['NET_ADMIN', 'NET_BIND_SERVICE'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('the daemon runs as root'),
    });
    await host.network('sysctl -qw net.ipv4.conf.default.disable_xfrm=1 net.ipv4.ip_forward=0');
    const judged = await check(full);
    expect(judged.code).toBe(77);
    expect(judged.stderr).toContain('--sysctl net.ipv4.conf.default.disable_xfrm=0');
    expect(judged.stderr).toContain('warning: net.ipv4.ip_forward is 0');
  });
});
