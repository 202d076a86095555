import { lookup } from 'node:dns';
import { type IpAddress, parseIp } from '../proto/ip-address.ts';

/** Milliseconds after which a slow resolver counts as one that knows nothing. */
const TIMEOUT = 5000;

/**
 * Addresses of a name as the system's resolver knows them (hosts file included), in its order; empty if there are none
 * or it takes too long. Never rejects.
 */
export function resolveName(name: string): Promise<readonly IpAddress[]> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve([]), TIMEOUT);
    lookup(name, { all: true, verbatim: true }, (error, found) => {
      clearTimeout(timer);
      if (error !== null) {
        resolve([]);
        return;
      }
      const parsed = found.map(({ address }) => parseIp(address));
      resolve(parsed.filter((address) => address !== undefined));
    });
  });
}
