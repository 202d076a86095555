import { spawn } from 'node:child_process';
import { built, run } from './isolate.ts';

/** What a flood got for answers. */
export interface FloodResult {
  readonly sent: number;
  readonly cookies: number;
  readonly full: number;
  readonly others: number;
}

/** First two octets of the spoofed sources. */
const PREFIX = '10.21';

/** Makes the spoofed sources local to this namespace, so that answers come back. */
export function prepareSources(): void {
  run('ip', ['route', 'replace', 'local', `${PREFIX}.0.0/16`, 'dev', 'lo']);
}

/** Sends copies of a request to 127.0.0.1 from ever new sources: `rate` a second, or paced by a window of answers. */
export function flood(
  request: Uint8Array,
  pace: { readonly rate: number; readonly seconds: number; readonly window: number },
): Promise<FloodResult> {
  const program = built('init-flood.c', 'init-flood', []);
  const argv = ['127.0.0.1', PREFIX, pace.rate, pace.seconds, pace.window].map(String);
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const [sent, cookies, full, others] = output.trim().split(' ').map(Number);
      if (code !== 0 || others === undefined) reject(new Error(`init-flood ended with ${code}`));
      else resolve({ sent: sent ?? 0, cookies: cookies ?? 0, full: full ?? 0, others });
    });
    child.stdin.end(request);
  });
}
