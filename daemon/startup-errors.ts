import { KernelError } from './contracts/kernel.ts';
import { ExitCode, StartupError } from './exit-codes.ts';
import { errorText, IkedError } from './util/error.ts';

/** Runs a step of starting; what it throws ends the process with this code. */
export function asStartupError<T>(code: ExitCode, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(code, errorText(error), { cause: error });
  }
}

/** What the kernel says to a start without rights, or without IPsec. */
export function kernelStartupError(error: unknown): unknown {
  if (!(error instanceof KernelError)) return error;
  const denied = error.errnoName === 'EPERM' || error.errnoName === 'EACCES';
  const code = denied ? ExitCode.NOT_PERMITTED : ExitCode.NO_IPSEC;
  return new StartupError(code, error.message, { cause: error });
}

const DENIED: readonly unknown[] = ['EACCES', 'EPERM'];

/** What opening the IKE ports may fail with. */
export function portError(error: unknown): unknown {
  if (!(error instanceof IkedError) || error instanceof StartupError) return error;
  const denied = 'errnoName' in error && DENIED.includes(error.errnoName);
  return new StartupError(denied ? ExitCode.NOT_PERMITTED : ExitCode.PORT_IN_USE, error.message, {
    cause: error,
  });
}
