import type { NameServer } from '../../contracts/name-servers.ts';
import type { IpAddress } from '../../proto/ip-address.ts';
import { leaseHolder } from '../assign-addresses.ts';
import type { InterfaceIds } from '../child-marks.ts';
import type { IkeSa } from '../ike-sa.ts';
import { Mobike, type Path } from '../mobike.ts';
import type { TimerName } from '../timers.ts';
import { endpoint, ipAddress } from './proto-shapes.ts';
import {
  bool,
  list,
  octets,
  oneOf,
  optional,
  type Plain,
  real,
  record,
  type Shape,
  text,
  u32,
} from './shape.ts';
import type { TimeBase } from './time-base.ts';

/**
 * What one feature must know of an IKE_SA to go on in another process. A feature that keeps something in an `IkeSa` adds a
 * part here; fields it adds later have a value for records without them (`since`).
 */
export interface StatePart<T> {
  readonly name: string;
  readonly shape: Shape<T>;
  save(sa: IkeSa, time: TimeBase): T;
  /** The IKE_SA is as its constructor left it, endpoints, keys and identities set; its CHILD_SAs come later. */
  restore(sa: IkeSa, saved: T, time: TimeBase): void;
}

/** A part whose type only itself knows. */
export interface AnyPart {
  readonly name: string;
  write(sa: IkeSa, time: TimeBase): Plain;
  /** Checks at once, and tells how to restore. */
  read(plain: Plain, path: string): (sa: IkeSa, time: TimeBase) => void;
}

function part<T>(one: StatePart<T>): AnyPart {
  return {
    name: one.name,
    write: (sa, time) => one.shape.write(one.save(sa, time)),
    read: (plain, path) => {
      const saved = one.shape.read(plain, path);
      return (sa, time) => one.restore(sa, saved, time);
    },
  };
}

const nat: StatePart<IkeSa['nat']> = {
  name: 'nat',
  shape: record<IkeSa['nat']>({
    known: bool,
    local: bool,
    remote: bool,
    fake: bool,
    seenAs: optional(octets),
  }),
  save: (sa) => ({ ...sa.nat }),
  restore: (sa, saved) => {
    Object.assign(sa.nat, saved);
  },
};

/** Milliseconds of the wall clock. */
interface Lifetimes {
  readonly originalInitiator: boolean;
  readonly rekeyAt?: number;
  readonly reauthAt?: number;
}

const lifetimes: StatePart<Lifetimes> = {
  name: 'lifetimes',
  shape: record<Lifetimes>({
    originalInitiator: bool,
    rekeyAt: optional(real),
    reauthAt: optional(real),
  }),
  save: ({ originalInitiator, rekeyAt, reauthAt }, time) => ({
    originalInitiator,
    ...(rekeyAt !== undefined && { rekeyAt: time.wall(rekeyAt) }),
    ...(reauthAt !== undefined && { reauthAt: time.wall(reauthAt) }),
  }),
  restore: (sa, { originalInitiator, rekeyAt, reauthAt }, time) => {
    sa.originalInitiator = originalInitiator;
    sa.rekeyAt = rekeyAt === undefined ? undefined : time.now(rekeyAt);
    sa.reauthAt = reauthAt === undefined ? undefined : time.now(reauthAt);
  },
};

interface Features {
  readonly mayFragment: boolean;
  readonly peerIsChildless: boolean;
  readonly peerIsStrongSwan: boolean;
  readonly interfaceIds?: InterfaceIds;
}

const features: StatePart<Features> = {
  name: 'features',
  shape: record<Features>({
    mayFragment: bool,
    peerIsChildless: bool,
    peerIsStrongSwan: bool,
    interfaceIds: optional(record<InterfaceIds>({ in: u32, out: u32 })),
  }),
  save: ({ mayFragment, peerIsChildless, peerIsStrongSwan, interfaceIds }) => ({
    mayFragment,
    peerIsChildless,
    peerIsStrongSwan,
    ...(interfaceIds && { interfaceIds }),
  }),
  restore: (sa, saved) => {
    sa.mayFragment = saved.mayFragment;
    sa.peerIsChildless = saved.peerIsChildless;
    sa.peerIsStrongSwan = saved.peerIsStrongSwan;
    sa.peerIsStrongSwan = saved.peerIsStrongSwan;
    sa.interfaceIds = saved.interfaceIds;
  },
};

/** Virtual IPs of both sides and what came with them. */
interface SavedConfiguration {
  readonly local: readonly IpAddress[];
  readonly nameServers: readonly NameServer[];
  readonly leases: readonly { readonly address: IpAddress; readonly pool: string }[];
}

const configuration: StatePart<SavedConfiguration> = {
  name: 'configuration',
  shape: record<SavedConfiguration>({
    local: list(ipAddress),
    nameServers: list(
      record<NameServer>({ address: ipAddress, interfaceName: text, domains: list(text) }),
    ),
    leases: list(record<SavedConfiguration['leases'][number]>({ address: ipAddress, pool: text })),
  }),
  save: ({ configuration: { local, nameServers, remote, pools } }) => ({
    local,
    nameServers,
    leases: remote.map((address, i) => ({ address, pool: pools[i] ?? '' })),
  }),
  restore: (sa, { local, nameServers, leases }) => {
    const { env, log } = sa;
    const installed = local.map((address) => env.virtualIps.keep(address));
    const forget = nameServers.map((server) => env.nameServers.use(server));
    sa.configuration.received(local, installed, nameServers, forget);
    const holder = leaseHolder(sa);
    if (holder === undefined) return;
    sa.configuration.assigned(
      leases.map(({ pool, address }) => env.pools.takeBack(pool, holder, address, log)),
    );
  },
};

type Extensions = Pick<IkeSa, 'syncsMessageIds' | 'peerFollowsRedirects'> & {
  readonly peerCrashToken?: Uint8Array;
  /** Absent if there is none. */
  readonly usesPpk?: boolean;
};

const extensions: StatePart<Extensions> = {
  name: 'extensions',
  shape: record<Extensions>({
    syncsMessageIds: bool,
    peerFollowsRedirects: bool,
    peerCrashToken: optional(octets),
    usesPpk: optional(bool),
  }),
  save: ({ syncsMessageIds, peerFollowsRedirects, peerCrashToken, usesPpk }) => ({
    syncsMessageIds,
    peerFollowsRedirects,
    ...(peerCrashToken !== undefined && { peerCrashToken }),
    ...(usesPpk && { usesPpk }),
  }),
  restore: (sa, saved) => {
    sa.syncsMessageIds = saved.syncsMessageIds;
    sa.peerFollowsRedirects = saved.peerFollowsRedirects;
    sa.peerCrashToken = saved.peerCrashToken;
    sa.usesPpk = saved.usesPpk ?? false;
  },
};

interface SavedMobike {
  readonly leads: boolean;
  readonly agreed: Path;
  readonly peerAddresses: readonly IpAddress[];
  readonly announced: readonly IpAddress[];
  readonly updatePending: boolean;
  readonly unproven: boolean;
}

/** A search for a path is not kept: a successor looks at its paths anew. */
const mobike: StatePart<{ readonly active?: SavedMobike }> = {
  name: 'mobike',
  shape: record<{ readonly active?: SavedMobike }>({
    active: optional(
      record<SavedMobike>({
        leads: bool,
        agreed: record<Path>({ local: endpoint, remote: endpoint }),
        peerAddresses: list(ipAddress),
        announced: list(ipAddress),
        updatePending: bool,
        unproven: bool,
      }),
    ),
  }),
  save: ({ mobike: active }) => {
    if (active === undefined) return {};
    const { leads, agreed, peerAddresses, announced, unproven } = active;
    const updatePending = active.updatePending || active.search !== undefined;
    return { active: { leads, agreed, peerAddresses, announced, updatePending, unproven } };
  },
  restore: (sa, { active }) => {
    if (active === undefined) return;
    sa.mobike = new Mobike(active.leads, active.agreed, active.announced);
    sa.mobike.peerAddresses = active.peerAddresses;
    sa.mobike.updatePending = active.updatePending;
    sa.mobike.unproven = active.unproven;
  },
};

/** Timers that end something at a set time go on; the others start afresh in the successor, or do not belong there. */
const GOES_ON: Readonly<Record<TimerName, boolean>> = {
  retransmit: false,
  retry: false,
  halfOpen: false,
  dpd: false,
  dpdPutOff: false,
  natKeepalive: false,
  inactivity: false,
  rekey: true,
  replaced: true,
  reauth: true,
  followUp: false,
  redirected: true,
  hardLifetime: true,
};

interface Due {
  readonly name: TimerName;
  /** Milliseconds of the wall clock. */
  readonly at: number;
}

const timerNames = Object.entries(GOES_ON).flatMap(([name, kept]) =>
  kept ? [name as TimerName] : [],
);

const timers: StatePart<readonly Due[]> = {
  name: 'timers',
  shape: list(record<Due>({ name: oneOf(...timerNames), at: real })),
  save: (sa, time) =>
    timerNames.flatMap((name) => {
      const due = sa.timers.due(name);
      return due === undefined ? [] : [{ name, at: time.wall(due) }];
    }),
  restore: (sa, saved, time) => {
    const now = sa.env.clock.now();
    for (const { name, at } of saved) sa.timers.start(name, Math.max(0, time.now(at) - now));
  },
};

/** Everything that outlives the process beside what every IKE_SA has, in one place. */
export const STATE_PARTS: readonly AnyPart[] = [
  part(nat),
  part(features),
  part(extensions),
  part(lifetimes),
  part(configuration),
  part(mobike),
  part(timers),
];
