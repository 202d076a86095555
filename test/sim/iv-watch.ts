import { PayloadType } from '../../daemon/proto/iana/payload-types.ts';
import { toHex } from '../../daemon/util/hex.ts';
import type { FakeKernel } from './fake-kernel.ts';
import type { SimNetwork } from './sim-network.ts';

const IV_OCTETS = 8;

/**
 * Watches every protected IKE message for an IV that comes twice with different octets, and kernels for an outbound SA
 * that is installed twice with one key, whose counters would begin anew. For AEAD ciphers.
 */
export class IvWatch {
  readonly repeated: string[] = [];
  readonly #seen = new Map<string, string>();

  constructor(network: SimNetwork) {
    network.onPacket(({ packet: { from, data, destination } }) => {
      const message = destination.port === 4500 ? data.subarray(4) : data;
      const next = message[16];
      if (next !== PayloadType.SK && next !== PayloadType.SKF) return;
      const start = next === PayloadType.SK ? 32 : 36;
      // One key per direction of an IKE_SA.
      const key = `${from} ${toHex(message.subarray(0, 16))} ${toHex(message.subarray(start, start + IV_OCTETS))}`;
      const octets = toHex(message);
      const before = this.#seen.get(key);
      if (before === undefined) this.#seen.set(key, octets);
      else if (before !== octets) this.repeated.push(key);
    });
  }

  watch(kernel: FakeKernel): void {
    const add = kernel.addSa.bind(kernel);
    const keys = new Set<string>();
    kernel.addSa = async (sa) => {
      await add(sa);
      if (sa.direction === 'in' || sa.encryption === undefined) return;
      const key = toHex(sa.encryption.key);
      if (keys.has(key)) this.repeated.push(`outbound SA ${sa.spi.toString(16)}`);
      keys.add(key);
    };
  }
}
