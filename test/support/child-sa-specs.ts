import type { ChildSaSpec } from '../../daemon/kernel/child-sa-spec.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import { ip, ts } from './selectors.ts';

/** A plain ESP tunnel 10.1.0.0/16 === 10.2.0.0/16 between 192.0.2.1 (us) and 192.0.2.2. */
export function childSaSpec(more: Partial<ChildSaSpec> = {}): ChildSaSpec {
  return {
    protocol: 50,
    mode: 'tunnel',
    reqid: 1,
    local: ip('192.0.2.1'),
    remote: ip('192.0.2.2'),
    spiIn: 0xc0000001 as ChildSpi,
    spiOut: 0xc0000002 as ChildSpi,
    encryption: {
      id: 20,
      keyBits: 128,
      keyIn: new Uint8Array(20).fill(1),
      keyOut: new Uint8Array(20).fill(2),
    },
    esn: false,
    replayWindow: 32,
    lifetime: {
      softSeconds: 3000,
      hardSeconds: 3600,
      softBytes: 0n,
      hardBytes: 0n,
      softPackets: 0n,
      hardPackets: 0n,
    },
    localTs: [ts('10.1.0.0/16')],
    remoteTs: [ts('10.2.0.0/16')],
    markInSa: false,
    ifIdIn: 0,
    ifIdOut: 0,
    priority: 0,
    policies: true,
    policiesFwdOut: false,
    copyDf: true,
    copyEcn: true,
    copyDscp: 'out',
    sha256Trunc96: false,
    ...more,
  };
}

/** The same CHILD_SA as the peer sees it. */
export function mirrored(spec: ChildSaSpec): ChildSaSpec {
  return {
    ...spec,
    local: spec.remote,
    remote: spec.local,
    spiIn: spec.spiOut,
    spiOut: spec.spiIn,
    localTs: spec.remoteTs,
    remoteTs: spec.localTs,
    ...(spec.encryption && {
      encryption: {
        ...spec.encryption,
        keyIn: spec.encryption.keyOut,
        keyOut: spec.encryption.keyIn,
      },
    }),
    ...(spec.encap && {
      encap: { localPort: spec.encap.remotePort, remotePort: spec.encap.localPort },
    }),
  };
}
