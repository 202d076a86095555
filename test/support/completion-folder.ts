import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connectionText as statusText } from '../../daemon/cli/ipsec/status-text.ts';
import { connectionText } from '../../daemon/cli/swanctl/connection-text.ts';
import { Fields } from '../../daemon/cli/swanctl/fields.ts';
import { list, section, type Tree, value } from '../../daemon/config/tree.ts';
import { manuals } from '../../scripts/lib/manuals/manuals.ts';

const child = (name: string, mode: string): Tree[number] =>
  section(name, [value('mode', mode), value('rekey_time', 3600)]);
const connection: Tree = [
  list('local_addrs', ['10.9.0.1', '%any']),
  list('remote_addrs', ['10.9.0.2']),
  value('version', 'IKEv2'),
  value('rekey_time', 14_400),
  section('children', [child('net', 'TUNNEL'), child('nil', 'PASS'), child('a $(b) c', 'BEET')]),
];
const LISTED =
  connectionText('gw', new Fields(connection)) +
  connectionText('gx', new Fields([value('version', 'IKEv2')]));

const STATUSALL = `Status of IKE charon daemon (strongSwan 6.1.0, Linux 6, x86_64):
  uptime: 3 seconds, since Nov 21 05:54:40 2026
Connections:
${statusText('gw', new Fields(connection), [], [])}Security Associations (1 up, 0 connecting):
          gw[1]: ESTABLISHED 5 seconds ago, 10.9.0.1[a]...10.9.0.2[b]
`;

/** A program that prints this, whatever it is asked. */
function programThatPrints(folder: string, name: string, output: string): void {
  const path = join(folder, 'bin', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.txt`, output);
  writeFileSync(path, `#!/bin/sh\ncat '${path}.txt'\n`);
  chmodSync(path, 0o755);
}

/**
 * A new folder with manuals and completions, with programs in `bin` that know the connections `gw` and `gx`, the former with the children `net`,
 * `nil` and `a $(b) c`, and with a file `one.conf`.
 */
export function completionFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'completion-'));
  for (const [path, text] of manuals('1.2.3')) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  programThatPrints(folder, 'swanctl', LISTED);
  programThatPrints(folder, 'ipsec', STATUSALL);
  writeFileSync(join(folder, 'one.conf'), '');
  return folder;
}
