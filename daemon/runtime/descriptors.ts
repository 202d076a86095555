import { readFileSync } from 'node:fs';

/** What a process may have open where the system does not say. */
const USUAL_LIMIT = 1024;
/** Descriptors kept free for IKE: journals that are rewritten, scripts, lookups of names, fetches. */
const LEAST_KEPT = 16;
const MOST_KEPT = 64;

/** How many descriptors this process may have open (RLIMIT_NOFILE). */
export function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? USUAL_LIMIT);
  } catch {
    return USUAL_LIMIT;
  }
}

/**
 * Why a connection with this descriptor must not be kept when there may be `limit` of them, `undefined` if it may: clients
 * get what IKE does not need. The kernel gives the lowest free number, so all below it are in use.
 */
export function tooManyOpen(descriptor: number, limit: number): string | undefined {
  const kept = Math.min(MOST_KEPT, Math.max(LEAST_KEPT, limit >> 3));
  if (descriptor < limit - kept) return undefined;
  return `the last ${kept} of ${limit} file descriptors (ulimit -n) are kept for IKE`;
}
