import { KernelError } from '../contracts/kernel.ts';
import type { InstalledVirtualIp } from '../kernel/virtual-ips.ts';
import { ConfigType } from '../proto/iana/config-attributes.ts';
import { familyOf, type IpAddress, ipBytes } from '../proto/ip-address.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { errorText } from '../util/error.ts';
import { readConfig, wantedAttributes } from './config-payload.ts';
import type { IkeSa } from './ike-sa.ts';
import { find } from './payloads.ts';

/** The virtual IPs this IKE_SA asks for, unspecified ones for any of their family; none if it needs none. */
export function wantedAddresses(sa: IkeSa): readonly IpAddress[] {
  return sa.configuration.wanted ?? sa.connection?.vips ?? [];
}

/** What a successor asks for: the same virtual IPs again, so that connections over them live on. */
export function addressesToKeep({ configuration }: IkeSa): readonly IpAddress[] | undefined {
  return configuration.local.length > 0 ? configuration.local : configuration.wanted;
}

/** CP(CFG_REQUEST) of IKE_AUTH, if there is anything to ask for; RFC 7296 section 2.19. */
export function configRequest(sa: IkeSa): readonly Payload[] {
  const wanted = wantedAddresses(sa);
  if (wanted.length === 0) return [];
  const { nameServers, options } = sa.env;
  const servers = nameServers.active || options()['plugins.updown.dns_handler'];
  const attributes = wantedAttributes(wanted, servers);
  return [{ kind: 'CP', type: ConfigType.CFG_REQUEST, attributes }];
}

/**
 * Takes what the peer assigns: addresses go on an interface before anything is set up that uses them. No more than was
 * asked for is taken, DNS servers only of the families of the addresses, and nothing that this host must not call its own.
 */
export async function receiveConfig(sa: IkeSa, answer: Message): Promise<void> {
  const wanted = wantedAddresses(sa);
  const payload = find(answer, 'CP');
  if (wanted.length === 0 || payload?.type !== ConfigType.CFG_REPLY) return;
  const { addresses, nameServers, domains, malformed } = readConfig(payload.attributes);
  for (const { type, value } of malformed) {
    sa.log.log('ike', 1, `ignoring configuration attribute ${type} with ${value.length} octets`);
  }
  const fitting = withinWanted(sa, addresses, wanted);
  const installed: InstalledVirtualIp[] = [];
  const local: IpAddress[] = [];
  for (const address of fitting) {
    const one = await install(sa, address);
    if (one === undefined) continue;
    installed.push(one);
    local.push(address);
  }
  const interfaceName = installed[0]?.interfaceName;
  const families = new Set(local.map(familyOf));
  const servers = nameServers
    .filter((address) => isHostAddress(address) && families.has(familyOf(address)))
    .map((address) => ({ address, interfaceName: interfaceName ?? '', domains }));
  const forget = servers.map((server) => sa.env.nameServers.use(server));
  sa.configuration.received(local, installed, servers, forget);
}

async function install(sa: IkeSa, address: IpAddress): Promise<InstalledVirtualIp | undefined> {
  sa.log.log('ike', 1, `installing new virtual IP ${address}`);
  try {
    return await sa.env.virtualIps.acquire(address, sa.local.address, sa.remote.address);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    sa.log.log('ike', 1, `installing virtual IP ${address} failed: ${errorText(error)}`);
    return undefined;
  }
}

/** One address for each asked for, by family; the same one counts once. */
function withinWanted(
  sa: IkeSa,
  addresses: readonly IpAddress[],
  wanted: readonly IpAddress[],
): readonly IpAddress[] {
  const left = { 4: 0, 6: 0 };
  for (const address of wanted) left[familyOf(address)] += 1;
  return [...new Set(addresses)].filter((address) => {
    const family = familyOf(address);
    const usable = isHostAddress(address);
    if (!usable || left[family] === 0) {
      const why = usable ? 'it was not asked for' : 'it is no address of a host';
      sa.log.log('ike', 1, `ignoring virtual IP ${address}: ${why}`);
      return false;
    }
    left[family] -= 1;
    return true;
  });
}

/** A unicast address of some host that is not this one: not unspecified, loopback, link-local, multicast or broadcast. */
function isHostAddress(address: IpAddress): boolean {
  if (address === '::' || address === '::1') return false;
  const [first = 0, second = 0] = ipBytes(address);
  if (familyOf(address) === 4) {
    return first !== 0 && first !== 127 && first < 224 && !(first === 169 && second === 254);
  }
  return first !== 0xff && !(first === 0xfe && (second & 0xc0) === 0x80);
}
