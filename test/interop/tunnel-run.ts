import { join } from 'node:path';
import { expect } from 'vitest';
import { Capture } from '../lab/capture.ts';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { ourProgram } from '../lab/charon-programs.ts';
import type { Gateway } from '../lab/gateway.ts';
import type { Host } from '../lab/host.ts';
import { clearRules, forwardIke, masquerade, setLoss } from '../lab/links.ts';
import {
  ADDRESSES,
  encapsulated,
  otherSide,
  type Plan,
  type Side,
  visibleAddress,
} from '../lab/plan.ts';
import { describe as describeRun } from '../lab/run.ts';
import { ROUTER_DEVICE, type Sites } from '../lab/sites.ts';
import { waitFor } from '../lab/wait.ts';
import { xfrmDump, xfrmStates } from '../lab/xfrm.ts';

/** A tunnel being tested: the sites, our gateway on moon, the peer's on sun, the plan, and what the router saw. */
export interface TunnelRun {
  readonly sites: Sites;
  readonly moon: CharonGateway;
  readonly sun: Gateway;
  readonly plan: Plan;
  readonly capture: Capture;
}

/** What the network does to the tunnel besides what the plan says. */
export interface Weather {
  /** Per cent of the packets lost in each direction. */
  readonly loss?: number;
  /** A hidden side that can be asked all the same, since the router passes on to it what comes for IKE. */
  readonly forwardedTo?: Side;
}

/** ESP in UDP (RFC 3948): no four zero octets behind the UDP header. pcap finds that header by itself in IPv4 only. */
const ESP_IN_UDP = {
  4: 'udp port 4500 and udp[8:4] != 0',
  6: 'ip6 and udp port 4500 and ip6[48:4] != 0',
} as const;

/**
 * Starts both gateways for a plan (sun's may differ), lets `body` test, and ends them. A failure's message gets both logs, both kernels'
 * state and the path of a capture.
 */
export async function withTunnel(
  sites: Sites,
  sun: Gateway,
  plan: Plan,
  weather: Weather,
  body: (run: TunnelRun) => Promise<void>,
  sunPlan: Plan = plan,
): Promise<void> {
  const moon = new CharonGateway(sites.moon, ourProgram());
  await prepareRouter(sites, plan, weather);
  // seen from the side that is not hidden, a hidden one has the router's address
  const device = ROUTER_DEVICE[plan.hidden === 'sun' ? 'moon' : 'sun'];
  const capture = await Capture.start(sites.router, device);
  try {
    await Promise.all([moon.start(plan, 'moon'), sun.start(sunPlan, 'sun')]);
    await body({ sites, moon, sun, plan, capture });
  } catch (error) {
    const pcap = join(sites.lab.folder, `${Date.now()}.pcap`);
    sites.lab.keepFolder();
    await capture.save(pcap);
    throw withEvidence(error, await evidence(moon, sun, pcap));
  } finally {
    await capture.stop();
    await Promise.all([moon.stop(), sun.stop()]);
    await Promise.all([clean(sites.moon), clean(sites.sun)]);
  }
}

/** Brings the tunnel up from one side, which must say so, and checks what our daemon then lists. */
export async function establish({ moon, sun, plan }: TunnelRun, from: Side): Promise<string> {
  const initiator = from === 'moon' ? moon : sun;
  const done = await initiator.initiate();
  expect(done.code, describeRun([initiator.product, 'initiate'], done)).toBe(0);
  // the initiator may be done before the responder has installed everything
  const listed = await waitFor('our side to list the CHILD_SA', async () => {
    const sas = await moon.swanctlOk('--list-sas');
    return sas.includes('INSTALLED') && sas;
  });
  expect(listed).toMatch(/^gw: #\d+, ESTABLISHED, IKEv2, [0-9a-f]{16}_i\*? [0-9a-f]{16}_r\*?$/m);
  expect(listed).toContain(from === 'moon' ? '_i* ' : '_r*');
  expect(listed).toContain(`'${plan.identity.moon}' @ ${ADDRESSES.moon[plan.family].gateway}[`);
  expect(listed).toContain(`'${plan.identity.sun}'`);
  expect(listed).toContain(`INSTALLED, ${plan.mode.toUpperCase()}`);
  return listed;
}

/** Pings from end to end, and checks that every packet of it went through ESP. */
export async function proveTraffic(
  { sites, moon, sun, plan, capture }: TunnelRun,
  weather: Weather = {},
): Promise<void> {
  const tunnel = plan.mode === 'tunnel';
  const from = tunnel ? sites.alice : sites.moon;
  const to = tunnel ? ADDRESSES.sun[plan.family].host : visibleAddress('sun', plan);
  const count = weather.loss === undefined ? 3 : 20;
  const ping = await from.exec(['ping', '-c', String(count), '-i', '0.1', '-W', '2', to]);
  const received = Number(/(\d+) received/.exec(ping.stdout)?.[1] ?? 0);
  expect(received, describeRun(['ping', to], ping)).toBeGreaterThanOrEqual(
    weather.loss === undefined ? count : 1,
  );

  for (const gateway of [moon, sun]) {
    const states = await xfrmStates(gateway.host);
    const carrying = states.filter(({ bytes }) => bytes > 0);
    const text = `kernel of ${gateway.product}:\n${states.map((state) => state.text).join('')}`;
    expect(new Set(carrying.map(({ source }) => source)).size, text).toBe(2);
    expect(
      carrying.every(({ mode }) => mode === plan.mode),
      text,
    ).toBe(true);
    expect(
      carrying.every((state) => state.encapsulated === encapsulated(plan)),
      text,
    ).toBe(true);
  }
  const protocol = encapsulated(plan) ? ESP_IN_UDP[plan.family] : 'esp or ip6 proto 50';
  expect((await capture.packets(protocol)).length).toBeGreaterThanOrEqual(2 * received);
  expect(
    await capture.packets('icmp[icmptype] == icmp-echo or icmp6[icmp6type] == icmp6-echo'),
  ).toEqual([]);
}

/** Takes the tunnel down from one side and checks that neither side keeps anything of it. */
export async function takeDown(run: TunnelRun, from: Side): Promise<void> {
  const { moon, sun } = run;
  const before = await spisOf([moon, sun]);
  const done = await (from === 'moon' ? moon : sun).terminate();
  expect(done.code, describeRun(['terminate'], done)).toBe(0);
  if (from === 'moon' && sun.revives) {
    await waitFor('both kernels to forget the SAs', async () => {
      const left = await spisOf([moon, sun]);
      return before.every((spi) => !left.includes(spi));
    });
    await sun.terminate();
  }
  await expectGone(run);
}

/** Checks that both sides have forgotten all SAs, the kernels included. */
export async function expectGone({ moon, sun }: TunnelRun, timeoutMillis = 15_000): Promise<void> {
  await waitFor('both sides to forget the tunnel', () => isGone([moon, sun]), timeoutMillis);
  expect(await moon.swanctlOk('--list-sas')).not.toMatch(/^gw:/m);
}

/** One after the other each side opens the tunnel, uses it and takes it down. `opened` looks at it each time. */
export async function bothRoles(
  run: TunnelRun,
  opened: (from: Side, listed: string) => Promise<void> | void = () => {},
): Promise<void> {
  for (const from of ['moon', 'sun'] as const) {
    const listed = await establish(run, from);
    await proveTraffic(run);
    await opened(from, listed);
    await takeDown(run, from);
  }
}

async function spisOf(gateways: readonly Gateway[]): Promise<readonly string[]> {
  const states = await Promise.all(gateways.map(({ host }) => xfrmStates(host)));
  return states.flat().map(({ spi }) => spi);
}

/** Whether these gateways have forgotten all SAs, their kernels included. */
export async function isGone(gateways: readonly Gateway[]): Promise<boolean> {
  for (const gateway of gateways) {
    if ((await gateway.establishedCount()) > 0) return false;
    if ((await xfrmStates(gateway.host)).length > 0) return false;
  }
  return true;
}

async function prepareRouter(
  { router }: Sites,
  { hidden, family }: Plan,
  { loss = 0, forwardedTo }: Weather,
): Promise<void> {
  await clearRules(router);
  for (const side of ['moon', 'sun'] as const) {
    if (hidden === side || hidden === 'both')
      await masquerade(router, ROUTER_DEVICE[otherSide(side)]);
  }
  if (forwardedTo !== undefined) {
    const device = ROUTER_DEVICE[otherSide(forwardedTo)];
    await forwardIke(router, device, ADDRESSES[forwardedTo][family].gateway);
  }
  await setLoss(router, Object.values(ROUTER_DEVICE), loss);
}

/** After a daemon has ended, takes away what it left in the kernel, so that the next scenario starts afresh. */
async function clean(host: Host): Promise<void> {
  await host.sh('ip xfrm state flush; ip xfrm policy flush');
}

async function evidence(moon: Gateway, sun: Gateway, pcap: string): Promise<string> {
  const parts: string[] = [`capture: ${pcap}`];
  for (const gateway of [moon, sun]) {
    const { name } = gateway.host;
    parts.push(`--- log of ${name} (${gateway.product})\n${gateway.log().slice(-6000)}`);
    parts.push(`--- kernel of ${name}\n${await xfrmDump(gateway.host).catch(String)}`);
  }
  return parts.join('\n');
}

function withEvidence(error: unknown, text: string): unknown {
  if (!(error instanceof Error)) return error;
  error.message = `${error.message}\n${text}`;
  return error;
}
