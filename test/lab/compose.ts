/** What a compose file says, as far as our examples go: maps by indentation, lists and maps of one line, plain words. */
export type ComposeValue = string | readonly string[] | ComposeMap;
export interface ComposeMap {
  readonly [key: string]: ComposeValue;
}

/** A container as the file describes it. */
export interface ComposeService {
  readonly name: string;
  /** Services that must be healthy before it is started. */
  readonly dependsOn: readonly string[];
  readonly capabilities: readonly string[];
  readonly securityOptions: readonly string[];
  readonly readOnly: boolean;
  readonly tmpfs: readonly string[];
  readonly sysctls: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly (readonly [from: string, to: string])[];
  /** Address in each network. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** The services of a compose file; `variables` is what `.env` says. */
export function servicesOf(
  text: string,
  variables: Readonly<Record<string, string>>,
): readonly ComposeService[] {
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => variables[name] ?? '');
  return Object.entries(map(parse(filled)['services'])).map(([name, value]) => {
    const service = map(value);
    return {
      name,
      dependsOn: Object.keys(map(service['depends_on'])),
      capabilities: list(service['cap_add']),
      securityOptions: list(service['security_opt']),
      readOnly: service['read_only'] === 'true',
      tmpfs: list(service['tmpfs']),
      sysctls: list(service['sysctls']),
      environment: Object.fromEntries(
        Object.entries(map(service['environment'])).map(([key, entry]) => [key, String(entry)]),
      ),
      volumes: list(service['volumes']).map((volume) => {
        const [from = '', to = ''] = volume.split(':');
        return [from, to] as const;
      }),
      addresses: Object.fromEntries(
        Object.entries(map(service['networks'])).map(([network, entry]) => [
          network,
          String(map(entry)['ipv4_address']),
        ]),
      ),
    };
  });
}

function parse(text: string): ComposeMap {
  const root: Record<string, ComposeValue> = {};
  const open: { readonly indent: number; readonly map: Record<string, ComposeValue> }[] = [
    { indent: -1, map: root },
  ];
  for (const line of text.split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, spaces = '', key = '', rest = ''] = /^( *)([\w-]+):(?: (.*))?$/.exec(line) ?? [];
    if (key === '') throw new Error(`not in the YAML that this test reads: ${line}`);
    while ((open.at(-1)?.indent ?? -1) >= spaces.length) open.pop();
    const parent = open.at(-1)?.map ?? root;
    if (rest === '') {
      const inner: Record<string, ComposeValue> = {};
      parent[key] = inner;
      open.push({ indent: spaces.length, map: inner });
    } else {
      const items = /^\[(.*)\]$/.exec(rest)?.[1];
      parent[key] = items === undefined ? rest : items.split(', ');
    }
  }
  return root;
}

function map(value: ComposeValue | undefined): ComposeMap {
  return typeof value === 'object' && !Array.isArray(value) ? (value as ComposeMap) : {};
}

function list(value: ComposeValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
