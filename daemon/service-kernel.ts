import type { DaemonOptions } from './config/options.ts';
import type { DatagramTransport } from './contracts/datagram.ts';
import type { LogHub } from './contracts/logger.ts';
import type { KernelBackend } from './contracts/plugin.ts';
import { ExitCode, StartupError } from './exit-codes.ts';
import type { LoadedPlugins } from './load-plugins.ts';
import { EncryptionId, IntegrityId } from './proto/iana/transforms.ts';
import type { NodeClock } from './runtime/node-clock.ts';
import { kernelStartupError, portError } from './startup-errors.ts';

/** What plugins log to and are timed by. */
interface PluginWorld {
  readonly log: LogHub;
  readonly clock: NodeClock;
}

/** Opens the kernel; rejects with {@link StartupError}, also if it cannot do ESP. */
export async function openKernel(
  plugins: LoadedPlugins,
  options: DaemonOptions,
  world: PluginWorld,
): Promise<KernelBackend> {
  const settings = {
    acquireLifetime: options['plugins.kernel-netlink.xfrm_acq_expires'],
    ignoredTables: options.ignore_routing_tables,
    preferTemporary: options.prefer_temporary_addrs,
  };
  const kernel = await plugins.kernel.kernel(world, settings).catch((error: unknown) => {
    throw kernelStartupError(error);
  });
  const canEsp =
    kernel.ipsec.supports(50, EncryptionId.AES_GCM_16, 128, undefined) ||
    kernel.ipsec.supports(50, EncryptionId.AES_CBC, 128, IntegrityId.HMAC_SHA2_256_128);
  if (canEsp) return kernel;
  await kernel.ipsec[Symbol.asyncDispose]();
  await kernel.net[Symbol.asyncDispose]();
  throw new StartupError(
    ExitCode.NO_IPSEC,
    'this kernel cannot do ESP: load the modules esp4 and esp6 (and xfrm_user), or boot a kernel that has CONFIG_INET_ESP and CONFIG_XFRM_USER',
  );
}

/** Opens the IKE ports; rejects with {@link StartupError} if they are taken. */
export async function openTransport(
  plugins: LoadedPlugins,
  options: DaemonOptions,
  world: PluginWorld,
): Promise<DatagramTransport> {
  const settings = {
    ikePort: options.port,
    nattPort: options.port_nat_t,
    ipv4: options['plugins.socket-default.use_ipv4'],
    ipv6: options['plugins.socket-default.use_ipv6'],
    mark: options['plugins.socket-default.fwmark'],
    kernelChoosesSource: !options['plugins.socket-default.set_source'],
    underPolicies: options['plugins.kernel-netlink.port_bypass'],
  };
  return plugins.transport.transport(settings, world).catch((error: unknown) => {
    throw portError(error);
  });
}
