import { execFile } from 'node:child_process';

/** Milliseconds after which a program is killed: DNS is not worth waiting for longer. */
export const PROGRAM_LIMIT = 5000;
/** Most output taken from it, octets. */
const MAX_OUTPUT = 65_536;

/**
 * Runs a program without a shell, `input` on its stdin, and resolves with its stdout. Rejects if it cannot be started, fails
 * or takes too long; the message says which and what it wrote to stderr.
 */
export function runProgram(
  path: string,
  args: readonly string[],
  input = '',
  limit: number = PROGRAM_LIMIT,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: limit,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT,
      encoding: 'utf8',
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    } as const;
    const child = execFile(path, [...args], options, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      const why = error.killed === true ? `was killed after ${limit} ms` : reason(error, stderr);
      reject(new Error(`${path} ${args.join(' ')} ${why}`, { cause: error }));
    });
    // A program that does not read its input ends the pipe.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function reason(error: Error & { readonly code?: unknown }, stderr: string): string {
  const said = stderr.trim().slice(0, 200);
  const failed =
    typeof error.code === 'number' ? `ended with code ${error.code}` : `failed (${error.code})`;
  return said === '' ? failed : `${failed}: ${said}`;
}
