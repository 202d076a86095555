import type { Host } from './host.ts';

/** One SA of a kernel as `ip -s xfrm state` prints it: end points, SPI in hex, mode, and what passed so far. */
export interface XfrmState {
  readonly source: string;
  readonly destination: string;
  readonly spi: string;
  readonly mode: string;
  readonly encapsulated: boolean;
  readonly bytes: number;
  readonly packets: number;
  readonly text: string;
}

/** All ESP SAs in a host's kernel. */
export async function xfrmStates(host: Host): Promise<readonly XfrmState[]> {
  const output = await host.ok(['ip', '-s', 'xfrm', 'state']);
  return output
    .split(/^(?=src )/m)
    .filter((text) => text.includes('proto esp') && !text.includes('spi 0x00000000'))
    .map(parseState);
}

/** How many policies a host's kernel has, those bound to sockets left out. */
export async function xfrmPolicyCount(host: Host): Promise<number> {
  const output = await host.ok(['ip', 'xfrm', 'policy']);
  return output.split(/^(?=src )/m).filter((text) => /\bdir (in|out|fwd)\b/.test(text)).length;
}

/** Everything the kernel knows about IPsec, for failure messages (keys left out). */
export function xfrmDump(host: Host): Promise<string> {
  return host.sh(
    'ip -s xfrm state list nokeys; ip xfrm policy list nosock; cat /proc/net/xfrm_stat',
  );
}

function parseState(text: string): XfrmState {
  const [, source = '', destination = ''] = /^src (\S+) dst (\S+)/.exec(text) ?? [];
  const [, bytes = '0', packets = '0'] =
    /lifetime current:\s+(\d+)\(bytes\), (\d+)\(packets\)/.exec(text) ?? [];
  return {
    source,
    destination,
    spi: /spi (0x[0-9a-f]+)/.exec(text)?.[1] ?? '',
    mode: /mode (\w+)/.exec(text)?.[1] ?? '',
    encapsulated: /\bencap type espinudp\b/.test(text),
    bytes: Number(bytes),
    packets: Number(packets),
    text,
  };
}
