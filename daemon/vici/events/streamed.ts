/** Events that a command sends only to the client that asked. */
export const STREAMED_EVENTS: ReadonlySet<string> = new Set([
  'control-log',
  'list-sa',
  'list-policy',
  'list-conn',
  'list-cert',
  'list-authority',
]);
