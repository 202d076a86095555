import type { ChildSaStateName, ChildSaView, InstalledView } from '../../control/views.ts';
import type { TrafficSelector } from '../../proto/traffic-selector.ts';
import { printSelector } from '../../proto/traffic-selector-text.ts';
import { hex16, toHex } from '../../util/hex.ts';
import { listKeys, type MessageKey, sectionKeys, valueKeys } from '../message-keys.ts';
import type { MessageWriter } from '../message-writer.ts';
import { writeAlgorithms, writeNonZero } from './ike-sa-fields.ts';

const S = sectionKeys('child-sas');

/** Writes the section with the CHILD_SAs of an IKE_SA; the last of its keys, clients rely on that. */
export function writeChildSas(out: MessageWriter, children: readonly ChildSaView[]): void {
  out.section(S['child-sas']);
  for (const child of children) {
    out.named(`${child.name}-${child.uniqueId}`);
    writeChildSa(out, child);
    out.end();
  }
  out.end();
}

/** States in which the data of installed SAs is shown. */
const WITH_SAS: ReadonlySet<ChildSaStateName> = new Set([
  'INSTALLED',
  'REKEYING',
  'REKEYED',
  'DELETING',
  'DELETED',
]);

const K = valueKeys('name', 'uniqueid', 'reqid', 'state', 'mode', 'label');
const L = listKeys('local-ts', 'remote-ts');

/** Writes the keys of a CHILD_SA in the order of the protocol. */
export function writeChildSa(out: MessageWriter, child: ChildSaView): void {
  const { installed, label } = child;
  out.text(K.name, child.name);
  out.number(K.uniqueid, child.uniqueId);
  out.number(K.reqid, child.reqid);
  out.text(K.state, child.state);
  out.text(K.mode, child.mode);
  out.text(K.label, label && toHex(label));
  if (installed !== undefined && WITH_SAS.has(child.state)) writeInstalled(out, installed);
  writeSelectors(out, L['local-ts'], child.localTs);
  writeSelectors(out, L['remote-ts'], child.remoteTs);
}

const I = valueKeys(
  'protocol',
  'encap',
  'spi-in',
  'spi-out',
  'cpi-in',
  'cpi-out',
  'mark-in',
  'mark-mask-in',
  'mark-out',
  'mark-mask-out',
  'if-id-in',
  'if-id-out',
  'per-cpu-sas',
  'cpu',
  'esn',
  'bytes-in',
  'packets-in',
  'use-in',
  'bytes-out',
  'packets-out',
  'use-out',
  'rekey-time',
  'life-time',
  'install-time',
);

function writeInstalled(out: MessageWriter, installed: InstalledView): void {
  out.text(I.protocol, installed.protocol);
  out.flag(I.encap, installed.encap);
  out.hex32(I['spi-in'], installed.spiIn);
  out.hex32(I['spi-out'], installed.spiOut);
  if (installed.cpiIn !== undefined) out.text(I['cpi-in'], hex16(installed.cpiIn));
  if (installed.cpiOut !== undefined) out.text(I['cpi-out'], hex16(installed.cpiOut));
  writeMark(out, I['mark-in'], I['mark-mask-in'], installed.markIn);
  writeMark(out, I['mark-out'], I['mark-mask-out'], installed.markOut);
  writeNonZero(out, I['if-id-in'], installed.ifIdIn);
  writeNonZero(out, I['if-id-out'], installed.ifIdOut);
  out.flag(I['per-cpu-sas'], installed.perCpuSas === true);
  out.number(I.cpu, installed.cpu);
  writeAlgorithms(out, installed.algorithms);
  if (installed.algorithms.esn === true) out.number(I.esn, 1);
  out.bigint(I['bytes-in'], installed.in.bytes);
  out.bigint(I['packets-in'], installed.in.packets);
  out.number(I['use-in'], installed.in.use);
  out.bigint(I['bytes-out'], installed.out.bytes);
  out.bigint(I['packets-out'], installed.out.packets);
  out.number(I['use-out'], installed.out.use);
  out.number(I['rekey-time'], installed.rekeyTime);
  out.number(I['life-time'], installed.lifeTime);
  out.number(I['install-time'], installed.installTime);
}

function writeMark(
  out: MessageWriter,
  key: MessageKey,
  maskKey: MessageKey,
  mark: InstalledView['markIn'],
): void {
  if (mark === undefined || (mark.value === 0 && mark.mask === 0)) return;
  out.hex32(key, mark.value);
  if (mark.mask >>> 0 !== 0xffffffff) out.hex32(maskKey, mark.mask);
}

function writeSelectors(
  out: MessageWriter,
  key: MessageKey,
  selectors: readonly TrafficSelector[],
): void {
  out.raw(key);
  for (const selector of selectors) out.item(printSelector(selector));
  out.endList();
}
