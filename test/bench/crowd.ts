import type { ViciInput } from '../../daemon/vici/plain-input.ts';
import type { Responder } from './responder.ts';

/** Requests under way at once: what one client does without waiting. */
const PIPELINED = 8;

/** Connection number `index` of many: road warriors with shared keys, each with an identity and a network of its own. */
export function crowdConnection(index: number): ViciInput {
  const inside = `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}/32`;
  return {
    version: '2',
    proposals: ['aes128gcm16-prfsha256-x25519'],
    mobike: 'no',
    local: { auth: 'psk', id: 'gw.bench' },
    remote: { auth: 'psk', id: `user${index}.bench` },
    children: {
      [`net${index}`]: {
        mode: 'tunnel',
        esp_proposals: ['aes128gcm16'],
        local_ts: ['10.128.0.0/16'],
        remote_ts: [inside],
      },
    },
  };
}

/** Loads connections from number `first` on, one request for each, as swanctl does. */
export async function loadCrowd(
  { vici }: Responder,
  first: number,
  count: number,
  changed: ViciInput = {},
): Promise<void> {
  let next = first;
  const worker = async (): Promise<void> => {
    while (next < first + count) {
      const index = next++;
      await vici.loadConn({ [`conn${index}`]: { ...crowdConnection(index), ...changed } });
    }
  };
  await Promise.all(Array.from({ length: PIPELINED }, worker));
}
