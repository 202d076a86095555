import { writeFileSync } from 'node:fs';
import type { KernelIpsec, KernelNet } from '../../daemon/contracts/kernel.ts';
import type { Logger } from '../../daemon/contracts/logger.ts';
import { errorText } from '../../daemon/util/error.ts';
import { type ClientOptions, RouteClient, XfrmClient } from '../../native/index.ts';
import { asKernelError } from './errors.ts';
import { Interfaces } from './interfaces.ts';
import { NetlinkIpsec } from './kernel-ipsec.ts';
import { NetlinkNet } from './kernel-net.ts';

/** How the kernel is to be used. */
export interface NetlinkKernelOptions {
  /** Seconds a reserved SPI or an unanswered acquire lives (`xfrm_acq_expires`); 165 unless said, 0 leaves it. */
  readonly acquireLifetime?: number;
  /** Routing tables that are left out of lookups. */
  readonly ignoredTables?: readonly number[];
  /** Temporary IPv6 addresses are chosen rather than lasting ones. */
  readonly preferTemporary?: boolean;
  /** Octets of kernel memory for events that have not been read yet. */
  readonly receiveBuffer?: number;
  /** Opens the XFRM and rtnetlink sockets; the kernel's unless a test plays it. */
  readonly xfrm?: ClientOptions['open'];
  readonly route?: ClientOptions['open'];
}

/** IPsec and network of the namespace that the process is in. */
export interface NetlinkKernel {
  readonly ipsec: KernelIpsec;
  readonly net: KernelNet;
}

const ACQ_EXPIRES = '/proc/sys/net/core/xfrm_acq_expires';

/** Opens the kernel's sockets; rejects with `KernelError` whose message says what to do. */
export function openNetlinkKernel(
  logger: Logger,
  options: NetlinkKernelOptions = {},
): Promise<NetlinkKernel> {
  return asKernelError(async () => {
    const { receiveBuffer, xfrm, route } = options;
    const shared = {
      ...(receiveBuffer !== undefined && { receiveBuffer }),
      unanswered: (operation: string) =>
        logger.log('knl', 1, `the kernel does not answer, asking again: ${operation}`),
    };
    const routes = new RouteClient({ ...shared, ...(route && { open: route }) });
    try {
      const interfaces = new Interfaces(routes);
      const client = new XfrmClient({ ...shared, ...(xfrm && { open: xfrm }) });
      const ipsec = await NetlinkIpsec.open(client, interfaces, logger);
      setAcquireLifetime(options.acquireLifetime ?? 165, logger);
      return { ipsec, net: new NetlinkNet(routes, interfaces, logger, options) };
    } catch (error) {
      routes.close();
      throw error;
    }
  });
}

// The kernel's 30 seconds are shorter than an exchange with retransmissions, whose SPI must not vanish meanwhile.
function setAcquireLifetime(seconds: number, logger: Logger): void {
  if (seconds === 0) return;
  try {
    writeFileSync(ACQ_EXPIRES, `${seconds}\n`);
  } catch (error) {
    logger.log('knl', 1, `setting ${ACQ_EXPIRES} to ${seconds} failed: ${errorText(error)}`);
  }
}
