/** A small seeded generator (mulberry32): the same numbers on every machine. */
export function seeded(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** The octets with a few of them changed, removed, repeated or inserted. */
export function mutate(octets: Uint8Array, below: (bound: number) => number): Uint8Array {
  let result = [...octets];
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(result.length + 1);
    switch (below(5)) {
      case 0:
        result[Math.min(at, Math.max(0, result.length - 1))] = below(256);
        break;
      case 1:
        result.splice(at, 1 + below(8));
        break;
      case 2:
        result.splice(at, 0, ...result.slice(at, at + below(32)));
        break;
      case 3:
        result.splice(at, 0, below(8), below(256));
        break;
      default:
        result = result.slice(0, at);
    }
  }
  return Uint8Array.from(result);
}
