import type { ConfSection } from '../../config/conf-tree.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import { toHex } from '../../util/hex.ts';
import { type Converted, convertConf } from './conn-sections.ts';
import { readIpsecConf } from './ipsec-conf.ts';
import { type IpsecSecret, REFUSED, readIpsecSecrets } from './ipsec-secrets.ts';
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
  text += sectionText(rooted(places.conf, renamed(converted, problems)), '');
  if (files.exists(places.secrets)) {
    const { secrets, problem } = readIpsecSecrets(places.secrets, files);
    if (problem !== undefined) problems.push(problem.message);
    text += secretsText(secrets, problems);
  }
  return { text, problems };
}

/** Names in swanctl.conf are simpler than those of ipsec.conf. */
function renamed(converted: Converted, problems: string[]): Converted {
  const authorities = withNames(converted.authorities, problems);
  const connections = withNames(converted.connections, problems);
  for (const connection of connections.sections.values()) {
    const pools = connection.values.get('pools');
    if (pools !== undefined)
      connection.values.set('pools', { ...pools, text: pools.text.replaceAll(FORBIDDEN, '_') });
  }
  return { ...converted, connections, authorities, pools: withNames(converted.pools, []) };
}

/** What no name in swanctl.conf may have, the comma and blanks between names left out. */
const FORBIDDEN = /[.:{}="#]/g;

function withNames(section: ConfSection, problems: string[]): ConfSection {
  const sections = new Map<string, ConfSection>();
  for (const [name, inner] of section.sections) {
    const children = inner.sections.get('children');
    if (children !== undefined) inner.sections.set('children', withNames(children, problems));
    let written = name.replaceAll(FORBIDDEN, '_').replaceAll(/[,\s]/g, '_');
    while (sections.has(written)) written += '_';
    if (written !== name)
      problems.push(`'${name}' cannot be a name in swanctl.conf, it is called '${written}' there`);
    sections.set(written, inner);
  }
  return { ...section, sections };
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

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Bare where a file reads it back as it is: parts without special characters, single blanks between them. */
function quoted(value: string): string {
  if (/^[^\s"#}\\]+(?: [^\s"#}\\]+)*$/.test(value)) return value;
  return `"${value.replaceAll(/[\\"\n\r\t]/g, (char) => ESCAPES[char] ?? char)}"`;
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
  BLISS: 'bliss',
};

function secretsText(secrets: readonly IpsecSecret[], problems: string[]): string {
  let text = '';
  secrets.forEach((secret, i) => {
    const { type, data, file, selectors, position } = secret;
    const name = `${SECTIONS[type]}-${i + 1}`;
    const refusal = REFUSED.get(type);
    if (refusal !== undefined) {
      problems.push(`${position.file}:${position.line}: ${refusal}`);
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
