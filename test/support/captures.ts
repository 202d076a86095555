import { readdirSync, readFileSync } from 'node:fs';
import { readCapture } from './pcap.ts';
import { hasSharedData, sharedData } from './shared-data.ts';

const FOLDER = 'ikev2-captures';

/** IKE datagrams of all captures of the shared data; none, with a warning, where the data is missing. */
export function captureDatagrams(): Uint8Array[] {
  if (!hasSharedData(FOLDER)) return [];
  return readdirSync(sharedData(FOLDER))
    .filter((name) => /\.pcap(ng)?$/.test(name))
    .flatMap((name) => readCapture(new Uint8Array(readFileSync(sharedData(`${FOLDER}/${name}`)))))
    .map(({ payload }) => payload);
}
