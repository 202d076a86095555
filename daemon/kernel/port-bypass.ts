import type { KernelPolicy } from '../contracts/kernel.ts';
import { unspecified } from '../proto/ip-address.ts';
import { ANY_PORT_END, selectorOfPrefix, type Upper } from '../proto/traffic-selector-math.ts';
import type { ChildPolicies } from './child-policies.ts';

const UDP = 17;
/** The strongest there is: IKE must get through whatever else is configured. */
const PRIORITY = 1;

/** Policies of both families that let IKE pass from and to these ports of this host; forwarded traffic is not meant. */
export function portBypassPolicies(ports: readonly number[]): ChildPolicies {
  const inbound: KernelPolicy[] = [];
  const outbound: KernelPolicy[] = [];
  for (const family of [4, 6] as const) {
    const host = unspecified(family);
    const anything = selectorOfPrefix(host, 0, upper(0, ANY_PORT_END));
    for (const port of ports) {
      const own = selectorOfPrefix(host, 0, upper(port, port));
      inbound.push({ ...ALLOW, direction: 'in', source: anything, destination: own });
      outbound.push({ ...ALLOW, direction: 'out', source: own, destination: anything });
    }
  }
  return { inbound, outbound };
}

const ALLOW = { action: 'allow', priority: PRIORITY, templates: [] } as const;

function upper(startPort: number, endPort: number): Upper {
  return { protocol: UDP, startPort, endPort };
}
