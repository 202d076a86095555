import { u32 } from './c-struct.ts';
import {
  type Attribute,
  type Attributes,
  attribute,
  attributeWithTail,
  readStruct,
} from './nlmsg.ts';
import type { ReplayState, Sa } from './types.ts';
import { XfrmAttr } from './xfrm-constants.ts';
import { xfrmReplayState, xfrmReplayStateEsn } from './xfrm-structs.ts';

/** `XFRMA_REPLAY_ESN_MAX` words of 32 packets. */
const MAX_WINDOW = 4096 * 32;

/**
 * How an SA counts. Windows up to 32 without ESN live in `xfrm_usersa_info`; anything bigger, and ESN, need the
 * bitmap structure, which must be there even for a window of 0.
 */
export function replayAttributes(sa: Sa): Attribute[] {
  const { replay, replayWindow } = sa;
  if (replayWindow < 0 || replayWindow > MAX_WINDOW) {
    throw new RangeError(`replay window of ${replayWindow} packets is not within 0..${MAX_WINDOW}`);
  }
  if (sa.esn || replayWindow > 32) {
    const words = Math.ceil(replayWindow / 32);
    const fixed = {
      bmp_len: words,
      oseq: replay?.oseq,
      seq: replay?.seq,
      oseq_hi: replay?.oseqHigh,
      seq_hi: replay?.seqHigh,
      replay_window: replayWindow,
    };
    // The kernel takes the structure without its bitmap for one that is all zero.
    const bitmap =
      replay?.bitmap === undefined ? new Uint8Array() : wordBytes(replay.bitmap, words);
    return [attributeWithTail(XfrmAttr.REPLAY_ESN_VAL, xfrmReplayStateEsn, fixed, bitmap)];
  }
  if (replay === undefined) return [];
  const { oseq, seq } = replay;
  const bitmap = replay.bitmap?.[0];
  return [attribute(XfrmAttr.REPLAY_VAL, xfrmReplayState, { oseq, seq, bitmap })];
}

/** Window and counters from an SA's structure and attributes. */
export function replayOf(
  legacyWindow: number,
  attributes: Attributes,
): { readonly replayWindow: number; readonly replay?: ReplayState } {
  const big = attributes.get(XfrmAttr.REPLAY_ESN_VAL);
  if (big !== undefined) {
    const raw = readStruct(xfrmReplayStateEsn, 'XFRMA_REPLAY_ESN_VAL', big);
    return {
      replayWindow: raw.replay_window,
      replay: {
        oseq: raw.oseq,
        oseqHigh: raw.oseq_hi,
        seq: raw.seq,
        seqHigh: raw.seq_hi,
        ...received(wordsOf(big.subarray(xfrmReplayStateEsn.size))),
      },
    };
  }
  const small = attributes.get(XfrmAttr.REPLAY_VAL);
  if (small === undefined) return { replayWindow: legacyWindow };
  const raw = readStruct(xfrmReplayState, 'XFRMA_REPLAY_VAL', small);
  return {
    replayWindow: legacyWindow,
    replay: { oseq: raw.oseq, oseqHigh: 0, seq: raw.seq, seqHigh: 0, ...received([raw.bitmap]) },
  };
}

function received(bitmap: readonly number[]): Pick<ReplayState, 'bitmap'> {
  return bitmap.some((word) => word !== 0) ? { bitmap } : {};
}

/** So many words in host order; missing ones are zero. */
function wordBytes(words: readonly number[], count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(count * u32.size));
  for (let i = 0; i < count; i++) u32.write(view, i * u32.size, words[i] ?? 0);
  return new Uint8Array(view.buffer);
}

function wordsOf(bytes: Uint8Array): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.floor(bytes.length / u32.size);
  return Array.from({ length: count }, (_, i) => u32.read(view, i * u32.size));
}
