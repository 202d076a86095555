import type { ConfSection } from '../../config/conf-tree.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import { toHex } from '../../util/hex.ts';
import { convertConf } from './conn-sections.ts';
import { readIpsecConf } from './ipsec-conf.ts';
import { type IpsecSecret, readIpsecSecrets } from './ipsec-secrets.ts';
import { type IpsecPlaces, rooted } from './load.ts';

/**
 * The swanctl.conf that says what ipsec.conf and ipsec.secrets say; `problems` are what could not be said. Throws `ConfigError` if
 * ipsec.conf is broken.
 */
export function migrate(
  places: IpsecPlaces,
  files: OperatorFiles,
): { readonly text: string; readonly problems: readonly string[] } {
  const conf = readIpsecConf(places.conf, files);
  const converted = convertConf(conf, places.host);
  const problems = [...converted.warnings];
  let text = `# from ${places.conf}\n`;
  text += sectionText(rooted(places.conf, converted), '');
  if (files.exists(places.secrets)) {
    const { secrets, problem } = readIpsecSecrets(places.secrets, files);
    if (problem !== undefined) problems.push(problem.message);
    text += secretsText(secrets, problems);
  }
  return { text, problems };
}

function sectionText(section: ConfSection, indent: string): string {
  let text = '';
  for (const [name, { text: value }] of section.values)
    text += `${indent}${name} = ${quoted(value)}\n`;
  for (const [name, inner] of section.sections) {
    text += `${indent}${name} {\n${sectionText(inner, `${indent}  `)}${indent}}\n`;
  }
  return text;
}

function quoted(value: string): string {
  if (!/[#"}\\\n]|^\s|\s$|\s{2}/.test(value)) return value;
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}

const SECTIONS: Readonly<Record<IpsecSecret['type'], string>> = {
  PSK: 'ike',
  EAP: 'eap',
  XAUTH: 'xauth',
  NTLM: 'ntlm',
  RSA: 'rsa',
  ECDSA: 'ecdsa',
  PKCS8: 'pkcs8',
  P12: 'pkcs12',
  PIN: 'token',
};

function secretsText(secrets: readonly IpsecSecret[], problems: string[]): string {
  let text = '';
  secrets.forEach((secret, i) => {
    const { type, data, file, selectors, position } = secret;
    const name = `${SECTIONS[type]}-${i + 1}`;
    if (type === 'PIN') {
      problems.push(`${position.file}:${position.line}: smartcards are not supported`);
      return;
    }
    if (file !== undefined) {
      problems.push(
        `copy private key file '${file}' to the folder ${SECTIONS[type]} of swanctl.conf`,
      );
      if (data === undefined) return;
      text += `  ${name} {\n    file = ${quoted(file)}\n    secret = ${quoted(new TextDecoder().decode(data))}\n  }\n`;
      return;
    }
    const owners = selectors.map((id, n) => `    id-${n + 1} = ${quoted(id)}\n`).join('');
    text += `  ${name} {\n${owners}    secret = 0x${toHex(data ?? new Uint8Array(0))}\n  }\n`;
  });
  return text === '' ? '' : `secrets {\n${text}}\n`;
}
