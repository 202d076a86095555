import type { Capture } from '../lab/capture.ts';

// RFC 7296 section 3.1 and 3.10 by offsets into a UDP datagram: 8 octets of UDP header, then the IKE header, whose next
// payload is octet 16; a notify payload right after it has its type in octets 6 and 7. On port 4500 four zero octets
// precede the IKE header.
const NEXT_PAYLOAD = 24;
const FIRST_NOTIFY_TYPE = 42;
const MARKER = 4;
const SKF = 53;
const NOTIFY = 41;

/** Notify types that a test looks for as the first payload of an IKE_SA_INIT message. */
export const FIRST_NOTIFY = { COOKIE: 16390, INVALID_KE_PAYLOAD: 17 } as const;

/** How many IKE messages of a capture are fragments (RFC 7383), of IPv4 only. */
export async function fragmentCount(capture: Capture): Promise<number> {
  const plain = `(udp port 500 and udp[${NEXT_PAYLOAD}] = ${SKF})`;
  const marked = `(udp port 4500 and udp[8:4] = 0 and udp[${NEXT_PAYLOAD + MARKER}] = ${SKF})`;
  return (await capture.packets(`${plain} or ${marked}`)).length;
}

/** How many packets of a capture begin with this notify, of IPv4 on port 500 only. */
export async function firstNotifyCount(capture: Capture, type: number): Promise<number> {
  const filter = `udp port 500 and udp[${NEXT_PAYLOAD}] = ${NOTIFY} and udp[${FIRST_NOTIFY_TYPE}:2] = ${type}`;
  return (await capture.packets(filter)).length;
}
