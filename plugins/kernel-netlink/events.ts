import type { AcquireEvent, KernelEvent, SaId } from '../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import type { SaId as NativeSaId, SaInfo, XfrmEvent } from '../../native/index.ts';
import { address, lookup, modeOf, protocolOf, selectorsOf } from './convert.ts';

/** An event in the contract's terms, `undefined` for what concerns nobody. */
export function kernelEvent(event: XfrmEvent): KernelEvent | undefined {
  switch (event.kind) {
    case 'acquire': {
      const template = event.policy.templates.find(({ reqid }) => reqid !== 0);
      if (template === undefined) return undefined;
      const protocol = protocolOf(event.protocol);
      const mode = modeOf(template.mode);
      if (protocol === undefined || mode === undefined) return undefined;
      const { reqid } = template;
      const ends = { source: address(event.src), destination: address(event.dst) };
      return {
        kind: 'acquire',
        reqid,
        ...selectorsOf(event.selector),
        wanted: { ...ends, protocol, mode, reqid, ...lookup(event.policy) },
        ...(event.cpu !== undefined && { cpu: event.cpu }),
      };
    }
    case 'expire': {
      const id = saIdOf(event.sa);
      return id && { kind: 'expire', id, hard: event.hard };
    }
    case 'mapping': {
      const id = saIdOf(event.sa);
      return id && { kind: 'mapping', id, address: address(event.newSrc), port: event.newPort };
    }
    // An unreadable event is a lost one: listeners compare with the kernel.
    case 'malformed':
    case 'overrun':
      return { kind: 'overrun' };
    default:
      return undefined;
  }
}

/** The acquire of an SA that is only waited for, `undefined` for any other: it has no SPI yet, and the selector of the packet. */
export function waitingAcquire(sa: SaInfo): AcquireEvent | undefined {
  const protocol = protocolOf(sa.protocol);
  const mode = modeOf(sa.mode);
  if (sa.spi !== 0 || protocol === undefined || mode === undefined || sa.selector === undefined) {
    return undefined;
  }
  const { reqid } = sa;
  const ends = { source: address(sa.src), destination: address(sa.dst) };
  return {
    kind: 'acquire',
    reqid,
    ...selectorsOf(sa.selector),
    wanted: { ...ends, protocol, mode, reqid, ...lookup(sa) },
    ...(sa.cpu !== undefined && { cpu: sa.cpu }),
  };
}

function saIdOf(sa: NativeSaId): Omit<SaId, 'source'> | undefined {
  const protocol = protocolOf(sa.protocol);
  if (protocol === undefined || sa.spi === 0) return undefined;
  return { destination: address(sa.dst), spi: sa.spi as ChildSpi, protocol, ...lookup(sa) };
}
