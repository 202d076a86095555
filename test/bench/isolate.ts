import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REPOSITORY } from '../lab/paths.ts';

/** Programs built for benchmarks, logs and sockets of the daemons under test. */
export const BENCH_CACHE = join(REPOSITORY, '.cache/bench');
/** The core a responder runs on, and the one for everything that loads it. */
export const RESPONDER_CORE = 0;
export const LOAD_CORE = 1;

const MARK = 'CHARON_BENCH_ISOLATED';

/**
 * Puts the process into a network and mount namespace of its own, by starting it again there, pinned to the core for
 * load: ports, policies and mounts of a benchmark touch nothing else. Returns in the new process only.
 */
export function isolate(): void {
  if (process.env[MARK] === '1') {
    run('ip', ['link', 'set', 'lo', 'up']);
    mkdirSync(BENCH_CACHE, { recursive: true });
    return;
  }
  const unshare = ['-n', '-m', '--propagation', 'private', 'taskset', '-c', String(LOAD_CORE)];
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync('unshare', [...unshare, ...again], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  if (error !== undefined) throw error;
  process.exit(status ?? 1);
}

/** Runs a program that must succeed. */
export function run(program: string, argv: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, argv, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${argv.join(' ')} failed: ${stderr}`);
}

/** Compiles the daemon as for a release, into a package of its own; the path of its program. */
export function compiledDaemon(): string {
  const home = join(BENCH_CACHE, 'package');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  run('npm', ['run', '--silent', '--prefix', REPOSITORY, 'bundle', '--', join(home, 'dist/bin')]);
  copyFileSync(join(REPOSITORY, 'package.json'), join(home, 'package.json'));
  for (const name of ['native', 'node_modules']) {
    symlinkSync(join(REPOSITORY, name), join(home, name));
  }
  return join(home, 'dist/bin/main.js');
}

/** Path of a C program or library of this folder, built if it is older than its source. */
export function built(source: string, output: string, flags: readonly string[]): string {
  const from = join(dirname(fileURLToPath(import.meta.url)), source);
  const to = join(BENCH_CACHE, output);
  if (!existsSync(to) || statSync(to).mtimeMs < statSync(from).mtimeMs) {
    run('gcc', ['-Wall', '-Wextra', '-O2', '-o', to, from, ...flags]);
  }
  return to;
}
