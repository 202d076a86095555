import { didYouMean } from '../util/did-you-mean.ts';
import { ConfigError } from '../util/error.ts';
import { attrSection } from './attr-section.ts';
import type { ConfNode, ConfValue } from './conf-tree.ts';
import { printPosition } from './conf-tree.ts';
import { logTargets } from './log-targets.ts';
import type { Option } from './option-kinds.ts';
import { type DaemonOptions, defaultOptions, OPTIONS, type OperatorScript } from './options.ts';
import { isSilent, WITHOUT_MEANING } from './unsupported-options.ts';

export interface ResolvedOptions {
  readonly options: DaemonOptions;
  /** Sentences for the log, each with `file:line:column`: unknown, invalid and not yet effective options. */
  readonly warnings: readonly string[];
}

/**
 * The options of a daemon named `namespace` (`charon-systemd`): its own section goes before `charon`. A value
 * that cannot be read is a warning and the default holds, as in charon; where that would allow more than was
 * meant, or the ports clash, `ConfigError` is thrown.
 */
export function resolveOptions(tree: ConfNode, namespace = 'charon'): ResolvedOptions {
  const sections = [...new Set([namespace, 'charon'])].map((name) => tree.at(name));
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const values: Record<string, unknown> = { ...defaultOptions() };
  const table: readonly [string, Option<unknown>][] = Object.entries(OPTIONS);
  for (const [name, option] of table) {
    const found = lookUp(sections, name);
    values[name] = found === undefined ? option.default : read(name, option, found, warn);
    if (found === undefined && option.inherits !== undefined)
      values[name] = values[option.inherits];
  }
  Object.assign(values, {
    loggers: loggers(sections, warn),
    attributes: attrSection(sections, warn),
    startScripts: scripts(sections, 'start-scripts'),
    stopScripts: scripts(sections, 'stop-scripts'),
  });
  for (const section of new Set(sections)) warnUnknown(section, '', warn);
  // Every name of the table has been assigned by its own parser above.
  const options = values as DaemonOptions;
  checkTogether(options, sections);
  return { options, warnings };
}

function lookUp(sections: readonly ConfNode[], name: string): ConfValue | undefined {
  const path = name.split('.');
  const key = path.pop() ?? '';
  for (const section of sections) {
    const value = section.at(...path).value(key);
    if (value !== undefined) return value;
  }
  return undefined;
}

function read(
  name: string,
  option: Option<unknown>,
  found: ConfValue,
  warn: (message: string) => void,
): unknown {
  const where = printPosition(found.position);
  const value = option.parse(found.text);
  if (value === undefined) {
    const message = `${where}: invalid value '${found.text}' for '${name}', allowed is ${option.allowed}`;
    if (option.strict === true) throw new ConfigError(where, message);
    warn(`${message}; the default ${option.defaultText} is used`);
    return option.default;
  }
  if (option.effect === 'later' && !Object.is(value, option.default)) {
    warn(`${where}: option '${name}' is not yet in effect`);
  }
  return value;
}

function loggers(
  sections: readonly ConfNode[],
  warn: (message: string) => void,
): DaemonOptions['loggers'] {
  return sections.flatMap((section) => logTargets(section, warn));
}

function scripts(sections: readonly ConfNode[], name: string): readonly OperatorScript[] {
  return sections.flatMap((section) => {
    const node = section.at(name);
    return node.keys().map((key) => ({ name: key, command: node.value(key)?.text ?? '' }));
  });
}

/** Sections whose contents are read elsewhere. */
const FREE_SECTIONS = new Set([
  'filelog',
  'syslog',
  'customlog',
  'journal',
  'start-scripts',
  'stop-scripts',
  'plugins.attr',
]);

function warnUnknown(node: ConfNode, prefix: string, warn: (message: string) => void): void {
  for (const key of node.keys()) {
    const name = prefix + key;
    if (Object.hasOwn(OPTIONS, name) || isSilent(name)) continue;
    const value = node.value(key);
    const where = value === undefined ? '' : `${printPosition(value.position)}: `;
    warn(
      WITHOUT_MEANING.has(name)
        ? `${where}option '${name}' has no meaning in this daemon`
        : `${where}unknown option '${name}'${suggestion(name)}`,
    );
  }
  for (const section of node.sectionNames()) {
    if (FREE_SECTIONS.has(`${prefix}${section}`)) continue;
    warnUnknown(node.at(section), `${prefix}${section}.`, warn);
  }
}

function suggestion(name: string): string {
  const near = didYouMean(name, Object.keys(OPTIONS));
  return near === undefined ? '' : `, did you mean '${near}'?`;
}

function checkTogether(options: DaemonOptions, sections: readonly ConfNode[]): void {
  if (options.port !== 0 && options.port === options.port_nat_t) {
    const message = `port and port_nat_t are both ${options.port}: they must differ`;
    throw clash(sections, ['port', 'port_nat_t'], message);
  }
  if (options.spi_min > options.spi_max) {
    const message = 'spi_min is greater than spi_max: no SPI could be allocated';
    throw clash(sections, ['spi_min', 'spi_max'], message);
  }
}

/** An error about options that do not go together, at the first of them that is written. */
function clash(
  sections: readonly ConfNode[],
  names: readonly string[],
  message: string,
): ConfigError {
  const place = names.flatMap((name) => lookUp(sections, name)?.position ?? [])[0];
  const where = place === undefined ? (names[0] ?? '') : printPosition(place);
  return new ConfigError(where, place === undefined ? message : `${where}: ${message}`);
}
