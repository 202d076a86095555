import { KernelError, type KernelSa } from '../../daemon/contracts/kernel.ts';
import { errorText } from '../../daemon/util/error.ts';
import { NetlinkError, type Offload, OffloadFlag } from '../../native/index.ts';

/** What offloading needs of the kernel. */
export interface OffloadKernel {
  readonly ifindex: number;
  /** Of the interface with that index, for an error. */
  interfaceName(): Promise<string>;
  /** Adds the SA, or rejects. */
  put(offload?: Offload): Promise<void>;
  /** Whether a device took over the SA that was put in. */
  isOffloaded(): Promise<boolean>;
  /** Takes out the SA that was put in. */
  remove(): Promise<void>;
  log(text: string): void;
}

/**
 * Puts in an SA as `hw_offload` says: `auto` takes the most that the device does, the other settings insist. Rejects with
 * {@link KernelError}, leaving nothing, if the device does not what it must.
 */
export async function putOffloaded(
  kernel: OffloadKernel,
  direction: KernelSa['direction'],
  kind: NonNullable<KernelSa['hwOffload']>,
): Promise<void> {
  const { ifindex } = kernel;
  const inbound = direction === 'in' ? OffloadFlag.INBOUND : 0;
  const packet = { ifindex, flags: inbound | OffloadFlag.PACKET };
  const crypto = { ifindex, flags: inbound };
  if (kind === 'packet') return insist(kernel, packet);
  if (kind === 'crypto') return insist(kernel, crypto);
  for (const offload of [packet, crypto]) {
    try {
      return await kernel.put(offload);
    } catch (error) {
      kernel.log(`interface ${ifindex} does not take over an SA: ${errorText(error)}`);
    }
  }
  return kernel.put();
}

// The kernel refuses whole packets without a word and does the cryptography itself where the device cannot.
async function insist(kernel: OffloadKernel, offload: Offload): Promise<void> {
  try {
    await kernel.put(offload);
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'EINVAL') {
      throw await unsupported(kernel, error);
    }
    throw error;
  }
  if (await kernel.isOffloaded()) return;
  await kernel.remove();
  throw await unsupported(kernel);
}

async function unsupported(kernel: OffloadKernel, cause?: NetlinkError): Promise<KernelError> {
  const device = await kernel.interfaceName();
  const message = `interface ${device} cannot take over SAs as hw_offload wants; auto does without`;
  return new KernelError('add SA', 95, 'EOPNOTSUPP', message, { cause });
}
