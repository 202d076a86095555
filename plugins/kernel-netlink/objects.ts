import type {
  IptfsSettings,
  KernelLifetime,
  KernelPolicy,
  PolicyId as KernelPolicyId,
  KernelSa,
  SaId as KernelSaId,
  PolicyTemplate as KernelTemplate,
  SaUsage,
} from '../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import { familyOf, ipBytes } from '../../daemon/proto/ip-address.ts';
import {
  EncapType,
  type Iptfs,
  type LifetimeLimits,
  type Offload,
  type Policy,
  PolicyFlag,
  type PolicyId,
  type PolicyInfo,
  type PolicyTemplate,
  type Sa,
  SaExtraFlag,
  SaFlag,
  type SaId,
  type SaInfo,
  XFRM_INF,
} from '../../native/index.ts';
import { kernelAlgorithms } from './algorithms.ts';
import {
  address,
  lookup,
  modeNumber,
  modeOf,
  protocolOf,
  selectorFor,
  selectorsOf,
} from './convert.ts';

/** What names an SA, in the kernel's terms. */
export function toSaId(id: Omit<KernelSaId, 'source'>): SaId {
  return {
    dst: ipBytes(id.destination),
    spi: id.spi,
    protocol: id.protocol,
    ...(id.mark && { mark: id.mark }),
    ...(id.ifId !== undefined && { ifId: id.ifId }),
  };
}

/**
 * An SA in the kernel's terms; throws `UnknownAlgorithm`. Where the kernel knows of directions it refuses settings that belong to
 * the other one, an outbound replay window among them, which ESN wants elsewhere.
 */
export function toSa(sa: KernelSa, directions: boolean, offload?: Offload): Sa {
  const inbound = sa.direction === 'in';
  const extraFlags = extraFlagsFor(sa);
  const outboundWindow = sa.esn && !directions ? 1 : 0;
  return {
    ...toSaId(sa),
    src: ipBytes(sa.source),
    mode: modeNumber(sa.mode),
    reqid: sa.reqid,
    lifetime: toLimits(sa.lifetime),
    replayWindow: inbound ? sa.replayWindow : outboundWindow,
    esn: sa.esn,
    flags: flagsFor(sa),
    ...(extraFlags !== 0 && { extraFlags }),
    ...kernelAlgorithms(sa),
    ...(sa.encap && {
      encap: {
        type: EncapType.ESPINUDP,
        srcPort: sa.encap.sourcePort,
        dstPort: sa.encap.destinationPort,
      },
    }),
    ...(inbound && sa.encap?.sourcePort === 0 && { mappingPauseSeconds: FOR_EVER }),
    ...(sa.setMark && { setMark: sa.setMark }),
    ...(directions && { direction: sa.direction }),
    ...(!inbound && sa.tfcPadding !== undefined && sa.tfcPadding > 0 && { tfcPad: sa.tfcPadding }),
    ...(sa.cpu !== undefined && { cpu: sa.cpu }),
    ...(sa.iptfs && { iptfs: toIptfs(sa.iptfs, inbound) }),
    ...(offload && { offload }),
    ...(sa.selector && { selector: selectorFor(sa.selector.source, sa.selector.destination) }),
  };
}

/** Where packets may come from any port, the kernel need not tell with each of them from which it did. */
const FOR_EVER = 0xffff_ffff;

/** What is in use of an SA; the kernel's "last used" is missing before Linux 6.2, the first use stands in. */
export function toUsage(sa: SaInfo): SaUsage {
  const { bytes, packets, useTime } = sa.current;
  const lastUsed = Number(sa.lastUsed ?? useTime);
  return { bytes, packets, ...(lastUsed !== 0 && { lastUsed }) };
}

/** A listed SA, `undefined` for what is not IPsec or has no SPI yet. */
export function fromSa(sa: SaInfo): (KernelSaId & { readonly reqid: number }) | undefined {
  const protocol = protocolOf(sa.protocol);
  if (protocol === undefined || sa.spi === 0) return undefined;
  return {
    source: address(sa.src),
    destination: address(sa.dst),
    spi: sa.spi as ChildSpi,
    protocol,
    reqid: sa.reqid,
    ...lookup(sa),
  };
}

/** What names a policy, in the kernel's terms. */
export function toPolicyId(id: KernelPolicyId, ifindex = 0): PolicyId {
  return {
    selector: selectorFor(id.source, id.destination, ifindex),
    direction: id.direction,
    ...(id.mark && { mark: id.mark }),
    ...(id.ifId !== undefined && { ifId: id.ifId }),
  };
}

/** A policy in the kernel's terms. */
export function toPolicy(policy: KernelPolicy, ifindex = 0, offload?: Offload): Policy {
  return {
    ...toPolicyId(policy, ifindex),
    action: policy.action,
    priority: policy.priority,
    flags:
      (policy.perCpu === true ? PolicyFlag.CPU_ACQUIRE : 0) |
      (policy.icmp === true ? PolicyFlag.ICMP : 0),
    templates: policy.templates.map(toTemplate),
    ...(offload && { offload }),
  };
}

/** A listed policy, `undefined` for policies of sockets and what IPsec does not use. */
export function fromPolicy(
  policy: PolicyInfo,
  interfaceName: (ifindex: number) => string | undefined,
): KernelPolicy | undefined {
  if (policy.socket === true) return undefined;
  const templates: KernelTemplate[] = [];
  for (const one of policy.templates) {
    const template = fromTemplate(one);
    if (template === undefined) return undefined;
    templates.push(template);
  }
  const { ifindex } = policy.selector;
  const name = ifindex === 0 ? undefined : interfaceName(ifindex);
  return {
    direction: policy.direction,
    ...selectorsOf(policy.selector),
    ...lookup(policy),
    action: policy.action,
    priority: policy.priority,
    templates,
    ...(name !== undefined && { interfaceName: name }),
    ...((policy.flags & PolicyFlag.CPU_ACQUIRE) !== 0 && { perCpu: true as const }),
    ...((policy.flags & PolicyFlag.ICMP) !== 0 && { icmp: true as const }),
  };
}

function toIptfs(settings: IptfsSettings, inbound: boolean): Iptfs {
  const { dropTimeMicros, reorderWindow, ...outbound } = settings;
  return inbound ? { dropTimeMicros, reorderWindow } : outbound;
}

function flagsFor(sa: KernelSa): number {
  let flags = 0;
  if (!sa.copyEcn) flags |= SaFlag.NOECN;
  if (sa.direction === 'in') {
    if (sa.copyDscp === 'in' || sa.copyDscp === 'yes') flags |= SaFlag.DECAP_DSCP;
    if (sa.icmp === true) flags |= SaFlag.ICMP;
  } else if (!sa.copyDf) {
    flags |= SaFlag.NOPMTUDISC;
  }
  // RFC 4302 section 2.6: the header is a multiple of 32 bits for IPv4; Linux otherwise takes 64.
  if (sa.protocol === 51 && familyOf(sa.source) === 4) flags |= SaFlag.ALIGN4;
  // Without a selector a tunnel takes packets of either family; otherwise only those of its own.
  if (sa.mode !== 'transport' && sa.selector === undefined) flags |= SaFlag.AF_UNSPEC;
  return flags;
}

function extraFlagsFor(sa: KernelSa): number {
  if (sa.direction === 'in') return 0;
  return sa.copyDscp === 'in' || sa.copyDscp === 'no' ? SaExtraFlag.DONT_ENCAP_DSCP : 0;
}

function toLimits(lifetime: KernelLifetime): LifetimeLimits {
  const unlimited = (value: bigint): bigint => (value === 0n ? XFRM_INF : value);
  return {
    softBytes: unlimited(lifetime.softBytes),
    hardBytes: unlimited(lifetime.hardBytes),
    softPackets: unlimited(lifetime.softPackets),
    hardPackets: unlimited(lifetime.hardPackets),
    softAddSeconds: BigInt(Math.ceil(lifetime.softSeconds)),
    hardAddSeconds: BigInt(Math.ceil(lifetime.hardSeconds)),
    softUseSeconds: 0n,
    hardUseSeconds: 0n,
  };
}

function toTemplate(template: KernelTemplate): PolicyTemplate {
  return {
    src: ipBytes(template.source),
    dst: ipBytes(template.destination),
    spi: template.spi,
    protocol: template.protocol,
    mode: modeNumber(template.mode),
    reqid: template.reqid,
    optional: template.optional,
  };
}

function fromTemplate(template: PolicyTemplate): KernelTemplate | undefined {
  const protocol = protocolOf(template.protocol);
  const mode = modeOf(template.mode);
  if (protocol === undefined || mode === undefined) return undefined;
  return {
    source: address(template.src),
    destination: address(template.dst),
    spi: template.spi,
    protocol,
    mode,
    reqid: template.reqid,
    optional: template.optional,
  };
}
