import {
  flag,
  list,
  optional,
  section,
  type Tree,
  type TreeEntry,
  value,
} from '../../config/tree.ts';
import type { ChildSaStateName, ChildSaView } from '../../control/views.ts';
import { printSelector } from '../../proto/traffic-selector-text.ts';
import { hex16, hex32, toHex } from '../../util/hex.ts';
import { algorithmFields, nonZeroHex } from './ike-sa-fields.ts';

/** The section with the CHILD_SAs of an IKE_SA; the last of its keys, clients rely on that. */
export function childSasSection(children: readonly ChildSaView[]): TreeEntry {
  return section(
    'child-sas',
    children.map((child) => section(`${child.name}-${child.uniqueId}`, childSaFields(child))),
  );
}

/** States in which the data of installed SAs is shown. */
const WITH_SAS: ReadonlySet<ChildSaStateName> = new Set([
  'INSTALLED',
  'REKEYING',
  'REKEYED',
  'DELETING',
  'DELETED',
]);

/** The keys of a CHILD_SA in the order of the protocol. */
export function childSaFields(child: ChildSaView): Tree {
  return [
    value('name', child.name),
    value('uniqueid', child.uniqueId),
    value('reqid', child.reqid),
    value('state', child.state),
    value('mode', child.mode),
    ...optional('label', child.label && toHex(child.label)),
    ...(WITH_SAS.has(child.state) ? installedFields(child) : []),
    list(
      'local-ts',
      child.localTs.map((ts) => printSelector(ts)),
    ),
    list(
      'remote-ts',
      child.remoteTs.map((ts) => printSelector(ts)),
    ),
  ];
}

function installedFields({ installed }: ChildSaView): Tree {
  if (installed === undefined) return [];
  return [
    value('protocol', installed.protocol),
    ...flag('encap', installed.encap),
    value('spi-in', hex32(installed.spiIn)),
    value('spi-out', hex32(installed.spiOut)),
    ...optional('cpi-in', installed.cpiIn && hex16(installed.cpiIn)),
    ...optional('cpi-out', installed.cpiOut && hex16(installed.cpiOut)),
    ...markFields('in', installed.markIn),
    ...markFields('out', installed.markOut),
    ...nonZeroHex('if-id-in', installed.ifIdIn),
    ...nonZeroHex('if-id-out', installed.ifIdOut),
    ...flag('per-cpu-sas', installed.perCpuSas === true),
    ...optional('cpu', installed.cpu),
    ...algorithmFields(installed.algorithms),
    ...(installed.algorithms.esn === true ? [value('esn', 1)] : []),
    value('bytes-in', installed.in.bytes),
    value('packets-in', installed.in.packets),
    ...optional('use-in', installed.in.use),
    value('bytes-out', installed.out.bytes),
    value('packets-out', installed.out.packets),
    ...optional('use-out', installed.out.use),
    ...optional('rekey-time', installed.rekeyTime),
    ...optional('life-time', installed.lifeTime),
    value('install-time', installed.installTime),
  ];
}

function markFields(
  direction: 'in' | 'out',
  mark: { readonly value: number; readonly mask: number } | undefined,
): Tree {
  if (mark === undefined || (mark.value === 0 && mark.mask === 0)) return [];
  const mask = mark.mask >>> 0;
  return [
    value(`mark-${direction}`, hex32(mark.value)),
    ...(mask === 0xffffffff ? [] : [value(`mark-mask-${direction}`, hex32(mask))]),
  ];
}
