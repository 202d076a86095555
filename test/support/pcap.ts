/** One UDP datagram of a capture. */
export interface CapturedDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

const PCAP_MAGIC = 0xa1b2c3d4;
const PCAPNG_SECTION = 0x0a0d0d0a;
const PCAPNG_ENHANCED_PACKET = 6;
const ETHERNET_OCTETS = 14;
const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_UDP = 17;

/** UDP datagrams over IPv4 and Ethernet of a little-endian pcap or pcapng file; anything else in it is skipped. */
export function readCapture(file: Uint8Array): CapturedDatagram[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = view.getUint32(0, true);
  if (magic !== PCAP_MAGIC && magic !== PCAPNG_SECTION) throw new Error('not a capture file');
  const frames = magic === PCAP_MAGIC ? pcapFrames(file, view) : pcapngFrames(file, view);
  return frames.flatMap((frame) => datagramOf(frame) ?? []);
}

function pcapFrames(file: Uint8Array, view: DataView): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let offset = 24;
  while (offset + 16 <= file.length) {
    const length = view.getUint32(offset + 8, true);
    frames.push(file.slice(offset + 16, offset + 16 + length));
    offset += 16 + length;
  }
  return frames;
}

function pcapngFrames(file: Uint8Array, view: DataView): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let offset = 0;
  while (offset + 12 <= file.length) {
    const type = view.getUint32(offset, true);
    const blockLength = view.getUint32(offset + 4, true);
    if (blockLength < 12) throw new Error('bad block length');
    if (type === PCAPNG_ENHANCED_PACKET) {
      const length = view.getUint32(offset + 20, true);
      frames.push(file.slice(offset + 28, offset + 28 + length));
    }
    offset += blockLength;
  }
  return frames;
}

function datagramOf(frame: Uint8Array): CapturedDatagram | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint16(12) !== ETHERTYPE_IPV4) return undefined;
  if (view.getUint8(ETHERNET_OCTETS + 9) !== PROTOCOL_UDP) return undefined;
  const udp = ETHERNET_OCTETS + (view.getUint8(ETHERNET_OCTETS) & 0x0f) * 4;
  return {
    sourcePort: view.getUint16(udp),
    destinationPort: view.getUint16(udp + 2),
    payload: frame.slice(udp + 8, udp + view.getUint16(udp + 4)),
  };
}
