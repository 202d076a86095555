// Runs command lines of our ipsec one after the other in one process, since starting one for each takes the longest.
// The argument is a JSON list of command lines; prints a JSON list of what came of them.
import { main } from '../../daemon/cli/ipsec/process.ts';
import { MemoryTerminal } from '../support/memory-terminal.ts';

const done: { stdout: string; stderr: string; code: number }[] = [];
for (const line of JSON.parse(process.argv[2] ?? '[]') as readonly string[]) {
  const terminal = new MemoryTerminal();
  const code = await main(line.split(' '), terminal);
  done.push({ stdout: terminal.stdout, stderr: terminal.stderr, code });
}
process.stdout.write(JSON.stringify(done));
