import type { SaMode, SaProtocol } from '../../daemon/contracts/kernel.ts';
import { EncryptionId, IntegrityId } from '../../daemon/proto/iana/transforms.ts';
import {
  NetlinkError,
  type Sa,
  SaFlag,
  UNLIMITED,
  type XfrmClient,
  XfrmMode,
} from '../../native/index.ts';
import { kernelCiphers, kernelMacs } from './algorithms.ts';
import { unless } from './errors.ts';

/** Asking for these would load their modules on gateways that never use them: they are believed until tried. */
const legacy: ReadonlySet<number> = new Set([
  EncryptionId['3DES_CBC'],
  EncryptionId.CAST_CBC,
  EncryptionId.BLOWFISH_CBC,
  EncryptionId.CAMELLIA_CBC,
  EncryptionId.SERPENT_CBC,
  EncryptionId.TWOFISH_CBC,
]);

/** What the kernel can do, found out by asking it. */
export interface Capabilities {
  supports(
    protocol: SaProtocol,
    encryption: number | undefined,
    keyBits: number | undefined,
    integrity: number | undefined,
  ): boolean;
  supportsMode(mode: SaMode): boolean;
  /** SAs can be bound to a CPU (Linux 6.13). */
  readonly perCpu: boolean;
  /** SAs have a direction (Linux 6.10), which the kernel then checks their settings against. */
  readonly directions: boolean;
}

const loopback = Uint8Array.of(127, 0, 0, 1);
/** SPIs of the probes: below what peers and kernel choose, from 256 on. */
const FIRST_SPI = 0x100;
const NO_SUCH_CPU = 0xffff_fff0;

/**
 * Adds and removes one SA towards loopback per algorithm; they would expire within seconds if this process died
 * in between. Rejects with EPERM when the process may not configure IPsec at all.
 */
export async function probe(client: XfrmClient): Promise<Capabilities> {
  let spi = FIRST_SPI;
  const ask = async (protocol: number, what: Partial<Sa>): Promise<boolean> => {
    const sa = probeSa(protocol, spi++, what);
    try {
      await client.addSa(sa);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      if (error.code === 'EPERM') throw error;
      // Somebody's SA with this SPI: the kernel looked at the algorithm before it looked for that.
      return error.code === 'EEXIST';
    }
    await unless(['ESRCH'], () => client.deleteSa(sa));
    return true;
  };
  const esp = new Set<number>();
  const macs = new Set<number>();
  const ah = new Set<number>();
  const asked: Promise<void>[] = [];
  const note = (set: Set<number>, id: number, answer: Promise<boolean>): void => {
    const noted = answer.then((yes) => {
      if (yes) set.add(id);
    });
    asked.push(noted);
  };
  for (const id of Object.keys(kernelCiphers).map(Number)) {
    if (legacy.has(id)) continue;
    note(esp, id, ask(50, { ...cipherOf(id), ...(isAead(id) ? {} : macOf(plainMac)) }));
  }
  for (const id of Object.keys(kernelMacs).map(Number)) {
    note(macs, id, ask(50, { ...cipherOf(EncryptionId.NULL), ...macOf(id) }));
    note(ah, id, ask(51, macOf(id)));
  }
  const deflate = { comp: { name: 'deflate', key: new Uint8Array() } };
  const compAsked = ask(108, deflate);
  const aead = cipherOf(EncryptionId.AES_GCM_16);
  // Kernels ignore attributes that they do not know; those that know this one see that the flag is for the other direction.
  const contradiction = { ...aead, direction: 'out', flags: SaFlag.DECAP_DSCP } as const;
  const contradictionAsked = ask(50, contradiction);
  const iptfsAsked = ask(50, { ...aead, mode: XfrmMode.IPTFS, direction: 'out' });
  // The same way: those that know the attribute see that there is no such CPU.
  const noSuchCpuAsked = ask(50, { ...aead, cpu: NO_SUCH_CPU });
  const [comp, iptfs, taken, takenCpu] = await Promise.all([
    compAsked,
    iptfsAsked,
    contradictionAsked,
    noSuchCpuAsked,
    ...asked,
  ]);
  return {
    directions: !taken && esp.has(EncryptionId.AES_GCM_16),
    perCpu: !takenCpu && esp.has(EncryptionId.AES_GCM_16),
    supportsMode: (mode) => mode !== 'iptfs' || iptfs,
    supports(protocol, encryption, _keyBits, integrity) {
      if (protocol === 108) return comp;
      const mac = integrity === undefined || integrity === IntegrityId.NONE ? undefined : integrity;
      if (protocol === 51) return mac !== undefined && ah.has(mac);
      if (encryption === undefined) return false;
      if (!esp.has(encryption) && !(legacy.has(encryption) && esp.size > 0)) return false;
      if (isAead(encryption)) return mac === undefined;
      return mac !== undefined && macs.has(mac);
    },
  };
}

const plainMac = IntegrityId.HMAC_SHA2_256_128;

function isAead(id: number): boolean {
  return kernelCiphers[id]?.icvBits !== undefined;
}

function cipherOf(id: number): Partial<Sa> {
  const cipher = kernelCiphers[id];
  if (cipher === undefined) return {};
  const { name, icvBits } = cipher;
  const key = Uint8Array.from({ length: cipher.keyBits / 8 + cipher.saltOctets }, (_, i) => i * 7);
  return icvBits === undefined ? { crypt: { name, key } } : { aead: { name, key, icvBits } };
}

function macOf(id: number): Partial<Sa> {
  const mac = kernelMacs[id];
  if (mac === undefined) return {};
  const key = new Uint8Array(mac.keyOctets).fill(1);
  return { auth: { name: mac.name, key, truncateBits: mac.truncateBits } };
}

function probeSa(protocol: number, spi: number, what: Partial<Sa>): Sa {
  return {
    src: loopback,
    dst: loopback,
    spi,
    protocol,
    mode: XfrmMode.TRANSPORT,
    reqid: 0,
    replayWindow: 0,
    esn: false,
    flags: 0,
    lifetime: { ...UNLIMITED, hardAddSeconds: 5n },
    ...what,
  };
}
