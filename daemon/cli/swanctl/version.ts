/** The version of swanctl whose interface this program has. */
const COMPATIBLE = '6.1.0';

/** The first line of every usage text, as scripts know it. */
export const USAGE_HEAD = `strongSwan ${COMPATIBLE} swanctl`;

/** What `--version` prints: where scripts look for it the version we are compatible with, and behind it our own. */
export function versionLine(own: string): string {
  return `strongSwan swanctl ${COMPATIBLE} (charon-ts ${own})`;
}

/** The same for `--json`: the version we are compatible with, and our own. */
export function versionJson(own: string): string {
  return JSON.stringify({ program: 'swanctl', version: COMPATIBLE, 'charon-ts': own });
}
