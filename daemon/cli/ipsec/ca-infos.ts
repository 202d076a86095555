import { findText, findValue, value } from '../../config/tree.ts';
import type { PublicKey } from '../../contracts/signatures.ts';
import { decodeCertificate } from '../../credentials/x509/decode-certificate.ts';
import type { DecodeTools } from '../../credentials/x509/tools.ts';
import { printDn } from '../../proto/distinguished-name.ts';
import { fromHex } from '../../util/hex.ts';
import { colons } from '../swanctl/cert-text.ts';
import { Fields } from '../swanctl/fields.ts';
import type { IpsecSession } from './session.ts';

/** `ipsec listcainfos`: the authorities, with the identifiers of the keys of those whose certificate is known. */
export async function listCaInfos(
  session: IpsecSession,
  decoders: () => Promise<DecodeTools>,
): Promise<void> {
  const events = await session.collect('list-authorities', 'list-authority');
  const authorities = events.flat().filter((entry) => entry.kind === 'section');
  if (authorities.length === 0) return;
  const tools = await decoders();
  const keys = await keysOfCas(session, tools);
  session.line('');
  session.line('List of CA Information Sections:');
  for (const { entries } of authorities) {
    const fields = new Fields(entries);
    const name = fields.maybe('cacert') ?? '';
    const key = keys.get(name);
    session.line('');
    session.line(`  authname:    "${name}"`);
    if (key !== undefined) {
      session.line(`  authkey:      ${colons(fromHex(key.keyId) ?? new Uint8Array(0))}`);
      session.line(`  keyid:        ${colons(tools.hash('sha1', key.spki))}`);
    }
    uriLines(session, 'crluris:    ', fields.items('crl_uris'));
    uriLines(session, 'ocspuris:   ', fields.items('ocsp_uris'));
    if (fields.has('cert_uri_base'))
      session.line(`  certuribase: '${fields.text('cert_uri_base')}'`);
  }
}

/** The keys of the CA certificates that the daemon has, by subject. */
async function keysOfCas(
  session: IpsecSession,
  tools: DecodeTools,
): Promise<ReadonlyMap<string, PublicKey>> {
  const keys = new Map<string, PublicKey>();
  const input = [value('type', 'X509'), value('flag', 'CA')];
  for (const event of await session.collect('list-certs', 'list-cert', input)) {
    if (findText(event, 'type') !== 'X509') continue;
    const decoded = decodeCertificate(findValue(event, 'data') ?? new Uint8Array(0), tools);
    if (!decoded.ok || decoded.value.publicKey === undefined) continue;
    keys.set(printDn(decoded.value.subject) ?? '', decoded.value.publicKey);
  }
  return keys;
}

function uriLines(session: IpsecSession, label: string, uris: readonly string[]): void {
  uris.forEach((uri, i) => {
    session.line(i === 0 ? `  ${label} '${uri}'` : `            '${uri}'`);
  });
}
