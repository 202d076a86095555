import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { type IpAddress, parseIp } from '../../proto/ip-address.ts';

/** Addresses of a host name, the most wanted first; empty if there are none. Never rejects. */
export type HostLookup = (host: string, signal: AbortSignal) => Promise<readonly IpAddress[]>;

/** Milliseconds of one question to one server, and how often it is asked. */
const QUESTION = { timeout: 2000, tries: 2 };

/** Addresses that are tried at most. */
const MOST = 8;

/**
 * Addresses from the hosts file, else from the DNS. The system's `getaddrinfo` is not used: it occupies one of the few
 * threads on which signatures are verified for as long as a dead name server makes it wait.
 */
export function hostLookup(hostsFile = '/etc/hosts', servers?: readonly string[]): HostLookup {
  return async (host, signal) => {
    const literal = parseIp(host.replace(/^\[(.*)\]$/, '$1'));
    if (literal !== undefined) return [literal];
    const name = host.toLowerCase().replace(/\.$/, '');
    const listed = await fromHostsFile(hostsFile, name);
    if (listed.length > 0) return listed;
    if (name === 'localhost' || name.endsWith('.localhost')) return LOOPBACK;
    return fromDns(name, servers, signal);
  };
}

const LOOPBACK = ['127.0.0.1' as IpAddress, '::1' as IpAddress];

async function fromHostsFile(path: string, name: string): Promise<readonly IpAddress[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const found: IpAddress[] = [];
  for (const line of text.split('\n')) {
    if (!line.toLowerCase().includes(name)) continue;
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const parsed = names.some((other) => other.toLowerCase() === name) && parseIp(address);
    if (parsed && found.length < MOST) found.push(parsed);
  }
  return found;
}

async function fromDns(
  name: string,
  servers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly IpAddress[]> {
  if (signal.aborted) return [];
  // Made anew each time, because it reads resolv.conf only once and this daemon itself may change that.
  const resolver = new Resolver(QUESTION);
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const families = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const texts = families.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    return texts
      .map(parseIp)
      .filter((address) => address !== undefined)
      .slice(0, MOST);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
