import { readFileSync } from 'node:fs';
import { parseArguments, USAGE } from './arguments.ts';
import { ExitCode, StartupError } from './exit-codes.ts';
import { startService } from './service.ts';
import { errorText } from './util/error.ts';

/** The process: arguments, signals, exit codes; nothing else. */

const MANIFEST = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json';

function version(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL(MANIFEST, import.meta.url), 'utf8'),
  );
  return manifest.version;
}

function fail(error: unknown): never {
  const code = error instanceof StartupError ? error.exitCode : ExitCode.INTERNAL;
  const text =
    error instanceof StartupError || !(error instanceof Error)
      ? errorText(error)
      : (error.stack ?? error.message);
  process.stderr.write(`charon: ${text}\n`);
  process.exit(code);
}

/** Runs the daemon until a signal ends it; ends the process itself if it cannot start. */
export function runProcess(): void {
  run().catch(fail);
}

async function run(): Promise<void> {
  const parsed = parseArguments(process.argv.slice(2));
  if (parsed.kind === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  if (parsed.kind === 'version') {
    process.stdout.write(`charon-ts ${version()}\n`);
    return;
  }
  const service = await startService({
    version: version(),
    environment: process.env,
    debugLevels: parsed.debugLevels,
    useSyslog: parsed.useSyslog,
  });
  let stopping = false;
  const stop = (exitCode: ExitCode): void => {
    if (stopping) return;
    stopping = true;
    service.stop().then(() => process.exit(exitCode), fail);
  };
  process.on('SIGTERM', () => stop(ExitCode.OK));
  process.on('SIGINT', () => stop(ExitCode.OK));
  process.on('SIGHUP', () => service.reload());
  // What no IKE_SA and no client contained: the state of the whole is in doubt, so the service manager starts anew.
  process.on('uncaughtException', (error) => {
    service.logFatal(error);
    stop(ExitCode.INTERNAL);
  });
  process.on('unhandledRejection', (reason) => service.logFatal(reason));
  await service.ready();
}
