import { KernelError } from '../../daemon/contracts/kernel.ts';
import { AddonLoadError, NetlinkDecodeError, NetlinkError } from '../../native/index.ts';
import { UnknownAlgorithm } from './algorithms.ts';

/** What to do about the refusals that people meet. */
const remedies: Readonly<Record<string, string>> = {
  EPERM: 'CAP_NET_ADMIN is needed: start as root or grant it',
  EPROTONOSUPPORT:
    'the kernel lacks this part of IPsec: load or build its module (esp4, esp6, ah4, ah6, xfrm_user)',
  ENOSYS: 'the kernel lacks the algorithm: load or build its module',
};

/** Runs a request and turns its failure into the contract's {@link KernelError}. */
export async function asKernelError<T>(action: () => Promise<T> | T): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw kernelError(error);
  }
}

/** Resolves with `undefined` instead of rejecting with one of these errno names. */
export async function unless<T>(
  names: readonly string[],
  action: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof NetlinkError && names.includes(error.code)) return undefined;
    throw error;
  }
}

/** The contract's error for whatever the native package throws. */
export function kernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  if (error instanceof NetlinkError) {
    const remedy = remedies[error.code];
    const message = remedy === undefined ? error.message : `${error.message}; ${remedy}`;
    return new KernelError(error.operation, error.errno, error.code, message, { cause: error });
  }
  if (error instanceof UnknownAlgorithm) {
    return new KernelError('add SA', 38, 'ENOSYS', error.message, { cause: error });
  }
  if (error instanceof NetlinkDecodeError) {
    const message = `the kernel's answer could not be read: ${error.message}`;
    return new KernelError(error.what, 71, 'EPROTO', message, { cause: error });
  }
  if (error instanceof AddonLoadError) {
    return new KernelError('load the addon', 2, 'ENOENT', error.message, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new KernelError('netlink', 22, 'EINVAL', message, { cause: error });
}
