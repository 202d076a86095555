/** Which keys of a message a described key stands for. */
export interface NameMatch {
  readonly matches: (name: string) => boolean;
  /** It may stand there more than once. */
  readonly repeats: boolean;
}

const once = (pattern: RegExp): NameMatch => ({ matches: (n) => pattern.test(n), repeats: false });
const often = (pattern: RegExp): NameMatch => ({ matches: (n) => pattern.test(n), repeats: true });

/**
 * The meaning of a described key: itself, a row (`ake1..ake7`), numbered (`local-<n>`), or a placeholder
 * (`<connection name>`).
 */
export function nameMatch(described: string): NameMatch {
  if (described === 'ake1..ake7') return often(/^ake[1-7]$/);
  if (described === 'local-<n>') return often(/^local-[1-9]\d*$/);
  if (described === 'remote-<n>') return often(/^remote-[1-9]\d*$/);
  if (described === '<index from 0>') return often(/^\d+$/);
  if (described === '<child name>-<uniqueid>') return often(/^.+-\d+$/);
  if (described === '<ike>/<child>') return once(/^[^/]+(\/[^/]+)?$/);
  if (described.startsWith('<')) return often(/^/);
  return { matches: (name) => name === described, repeats: described === 'NONCE_GEN' };
}
