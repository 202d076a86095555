import { type IpAddress, isUnspecified, parseIp } from './ip-address.ts';

/** A gateway that peers are sent to, RFC 5685 section 7.2: an address or a DNS name. */
export type RedirectTarget =
  | { readonly kind: 'host'; readonly address: IpAddress; readonly text: string }
  | { readonly kind: 'name'; readonly text: string };

const LONGEST_NAME = 253;
const LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** A gateway as an operator writes it: an address or a DNS name; `undefined` if it is neither. */
export function parseRedirectTarget(text: string, nameOnly = false): RedirectTarget | undefined {
  const address = parseIp(text);
  if (address !== undefined) {
    return nameOnly || isUnspecified(address) ? undefined : { kind: 'host', address, text };
  }
  const name = text.replace(/\.$/, '');
  const valid = name.length <= LONGEST_NAME && name.split('.').every((label) => LABEL.test(label));
  // A name of digits only is a mistyped address.
  return valid && !/^[0-9.]*$/.test(name) ? { kind: 'name', text: name } : undefined;
}
