import type { ChildConfig } from '../config/connection-types.ts';
import type { SaMode } from '../contracts/kernel.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Message, NotifyPayload, Payload } from '../proto/payload.ts';
import type { Proposal } from '../proto/proposal.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalBytes } from '../util/bytes.ts';
import type { IkeSa } from './ike-sa.ts';
import { findNotifies, findNotify, notify } from './payloads.ts';
import { type PerCpu, resourceNotify } from './per-cpu.ts';

/** What one side asks for or agrees to besides algorithms and selectors, by notifies. */
export interface ChildFeatures {
  readonly mode: SaMode;
  /** IPComp: the sender's CPI, RFC 7296 section 2.22. */
  readonly cpi?: ChildSpi;
  /** Of mode `iptfs`: the sender takes no packets in parts, RFC 9347 section 5.1. */
  readonly wholePackets?: boolean;
  /** The sender removes no padding, RFC 7296 section 3.10.1. */
  readonly noPadding?: boolean;
  /** It is one of several, RFC 9611; what a peer calls its CPU is not read. */
  readonly perCpu?: PerCpu;
}

/** Transform id of DEFLATE, RFC 7296 section 3.10.1. */
const IPCOMP_DEFLATE = 2;
/** RFC 3173 section 3.3: lower ones are not negotiated. */
const LOWEST_CPI = 0x100;
/** RFC 9347 section 5.1. */
const DONT_FRAGMENT = 0x01;

/** What a child wants, as far as the kernel and the protocols of its proposals can do it. */
export function wantedMode(
  sa: IkeSa,
  child: ChildConfig,
  proposals: readonly Proposal[],
  local: readonly TrafficSelector[],
  remote: readonly TrafficSelector[],
): SaMode {
  const mode = modeOf(child);
  const why = obstacle(sa, child, mode, proposals, local, remote);
  if (why === undefined) return mode;
  sa.log.log('ike', 1, `not using ${name(mode)} mode, ${why}`);
  return 'tunnel';
}

/** Whether a child wants IPComp and the kernel has it: it compresses in tunnel and transport mode only. */
export function wantsCompression(sa: IkeSa, child: ChildConfig, mode: SaMode): boolean {
  if (!child.ipcomp || (mode !== 'tunnel' && mode !== 'transport')) return false;
  if (sa.env.installer.supportsCompression()) return true;
  sa.log.log('ike', 1, 'IPComp is not supported by the kernel');
  return false;
}

/** The notifies that say so. */
export function featureNotifies({
  mode,
  cpi,
  wholePackets,
  perCpu,
}: ChildFeatures): readonly Payload[] {
  const list: Payload[] = [];
  if (cpi !== undefined) {
    const data = Uint8Array.of(cpi >>> 8, cpi & 0xff, IPCOMP_DEFLATE);
    list.push(notify(NotifyType.IPCOMP_SUPPORTED, data));
  }
  if (mode === 'transport') list.push(notify(NotifyType.USE_TRANSPORT_MODE));
  if (mode === 'beet') list.push(notify(NotifyType.BEET_MODE));
  if (mode === 'iptfs') {
    const flags = wholePackets === true ? DONT_FRAGMENT : 0;
    list.push(notify(NotifyType.USE_AGGFRAG, Uint8Array.of(flags)));
  }
  if (perCpu !== undefined) list.push(resourceNotify(perCpu));
  return list;
}

/** What the peer asks for or agrees to; what is not understood counts as not said. */
export function readFeatures(sa: IkeSa, message: Message): ChildFeatures {
  const aggregation = findNotify(message, NotifyType.USE_AGGFRAG);
  const cpi = peerCpi(sa, findNotifies(message, NotifyType.IPCOMP_SUPPORTED));
  const noPadding = findNotify(message, NotifyType.ESP_TFC_PADDING_NOT_SUPPORTED) !== undefined;
  const perCpu = findNotify(message, NotifyType.SA_RESOURCE_INFO) !== undefined;
  return {
    mode: peerMode(sa, message, aggregation),
    ...(cpi === undefined ? {} : { cpi }),
    wholePackets: ((aggregation?.data[0] ?? 0) & DONT_FRAGMENT) !== 0,
    noPadding,
    ...(perCpu ? { perCpu: { cpu: undefined } } : {}),
  };
}

/** The mode that both want, or else a tunnel, which the log explains. */
export function commonMode(sa: IkeSa, wanted: SaMode, peer: SaMode, asked: boolean): SaMode {
  if (wanted === peer) return wanted;
  if (wanted !== 'tunnel') {
    const verb = asked ? 'agree to' : 'ask for';
    sa.log.log('ike', 1, `peer does not ${verb} ${name(wanted)} mode, using tunnel mode`);
  }
  return 'tunnel';
}

function modeOf(child: ChildConfig): SaMode {
  switch (child.mode) {
    case 'transport':
    case 'transport_proxy':
      return 'transport';
    case 'beet':
    case 'iptfs':
      return child.mode;
    default:
      return 'tunnel';
  }
}

function obstacle(
  sa: IkeSa,
  child: ChildConfig,
  mode: SaMode,
  proposals: readonly Proposal[],
  local: readonly TrafficSelector[],
  remote: readonly TrafficSelector[],
): string | undefined {
  if (mode === 'tunnel') return undefined;
  const hosts = oneHost(local) && oneHost(remote);
  if (child.mode !== 'transport_proxy' && mode !== 'iptfs' && !hosts) return 'not host-to-host';
  if (mode === 'transport') return undefined;
  if (!sa.env.installer.supportsMode(mode)) return 'the kernel does not support it';
  const esp = proposals.every(({ protocol }) => protocol === ProtocolId.ESP);
  return esp ? undefined : 'it is for ESP only';
}

/** Whether all selectors of a side are of the same single host; BEET mode and transport mode know no others. */
function oneHost(selectors: readonly TrafficSelector[]): boolean {
  const [first] = selectors;
  return selectors.every(
    ({ startAddress, endAddress }) =>
      equalBytes(startAddress, endAddress) &&
      first !== undefined &&
      equalBytes(startAddress, first.startAddress),
  );
}

function peerMode(sa: IkeSa, message: Message, aggregation: NotifyPayload | undefined): SaMode {
  if (findNotify(message, NotifyType.USE_TRANSPORT_MODE) !== undefined) return 'transport';
  if (aggregation !== undefined) return 'iptfs';
  if (findNotify(message, NotifyType.BEET_MODE) === undefined) return 'tunnel';
  // The number is one that everybody may use for something else.
  if (sa.peerIsStrongSwan) return 'beet';
  sa.log.log(
    'ike',
    1,
    'received a notify strongSwan uses for BEET mode, but peer implementation unknown, skipped',
  );
  return 'tunnel';
}

function peerCpi(sa: IkeSa, offers: readonly NotifyPayload[]): ChildSpi | undefined {
  for (const { data } of offers) {
    const cpi = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
    if (data.length >= 3 && data[2] === IPCOMP_DEFLATE && cpi >= LOWEST_CPI) return cpi as ChildSpi;
  }
  if (offers.length > 0) {
    sa.log.log('ike', 1, 'received IPCOMP_SUPPORTED notify with a transform we do not have');
  }
  return undefined;
}

function name(mode: SaMode): string {
  return mode === 'beet' ? 'BEET' : mode === 'iptfs' ? 'IP-TFS' : mode;
}
