import { expect, test } from 'vitest';
import { codeOf, type ImportEdge, importsOf, sourceFiles } from './support/source-files.ts';

/** Who may import whom, by folder below `daemon/`. Anything not listed is forbidden. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  util: [],
  proto: ['util'],
  contracts: ['util', 'proto'],
  wire: ['util', 'proto', 'contracts'],
  crypto: ['util', 'proto', 'contracts'],
  config: ['util', 'proto', 'contracts'],
  credentials: ['util', 'proto', 'contracts', 'crypto'],
  kernel: ['util', 'proto', 'contracts'],
  pools: ['util', 'proto', 'contracts', 'config'],
  ike: ['util', 'proto', 'contracts', 'wire', 'crypto', 'credentials', 'config', 'kernel', 'pools'],
  network: ['util', 'proto', 'contracts', 'wire/header.ts'],
  control: ['util', 'proto', 'contracts', 'config', 'pools', 'ike'],
  vici: ['util', 'proto', 'contracts', 'config', 'control'],
  cli: [
    ...['util', 'proto', 'contracts', 'crypto/registry.ts', 'config'],
    ...['credentials', 'keyd', 'vici', 'runtime'],
  ],
  log: ['util', 'contracts'],
  plugin: ['util', 'contracts'],
  keyd: ['util', 'proto', 'contracts'],
  runtime: ['util', 'proto', 'contracts', 'keyd/remote-keys.ts'],
};

/** The files that may load plugins. */
const pluginLoaders = /^daemon\/(?:load-plugins|cli\/\w+\/process)\.ts$/;

const pureFolders = ['ike', 'wire', 'crypto', 'proto', 'config', 'kernel', 'pools'];
const ambientGlobals =
  /(?<![.\w#'])(?:Date|setTimeout|setInterval|setImmediate|performance|process|Buffer)\b(?!\s*[?:])|\bMath\.random\b/g;

/** Packages that only one place may know. */
const packageOwners: readonly (readonly [name: RegExp, owner: RegExp])[] = [
  [
    /^node:/,
    /^(?:daemon\/(?:runtime\/|keyd\/|(?:cli\/\w+\/)?(?:main|process|service)\.ts)|native\/|plugins\/)/,
  ],
  [/^@noble\//, /^plugins\/crypto-noble\//],
  [/^ldapts$/, /^daemon\/runtime\/fetch\//],
  [/^@peculiar\//, /^daemon\/credentials\//],
  [/^pino(?:-pretty)?$/, /^daemon\/log\//],
  [/^prom-client$/, /^plugins\/metrics\//],
  [/^node-netlink-xfrm$/, /^plugins\/(?:kernel|socket)-netlink\//],
];

/** Lines a file may have; tables of numbers that others define are as long as they are. */
const longestFile = 500;
const tables = /^(?:daemon\/proto\/iana\/|test\/(?:vectors|fuzz\/corpus)\/)/;

const program = [...sourceFiles('daemon', ['.ts']), ...sourceFiles('plugins', ['.ts'])];
const native = sourceFiles('native', ['.ts']).filter(
  (file) => !file.path.startsWith('native/test/'),
);
const edges = [...program, ...native].flatMap(importsOf);

test('the import table names every folder', () => {
  const folders = program
    .filter((file) => file.path.startsWith('daemon/') && file.path.split('/').length > 2)
    .map((file) => file.path.split('/')[1] ?? '');
  expect([...new Set(folders)].filter((folder) => mayImport[folder] === undefined)).toEqual([]);
});

test('folders import downwards only', () => {
  expect(edges.filter(isForbidden).map(print)).toEqual([]);
});

test('contracts take types and nothing else from proto', () => {
  const values = edges.filter(
    (edge) =>
      edge.from.startsWith('daemon/contracts/') &&
      edge.target.startsWith('daemon/proto/') &&
      !edge.typeOnly,
  );
  expect(values.map(print)).toEqual([]);
});

test('packages and Node modules are known to their owners only', () => {
  const strangers = edges.filter(({ from, target }) =>
    packageOwners.some(([name, owner]) => name.test(target) && !owner.test(from)),
  );
  expect(strangers.map(print)).toEqual([]);
});

test('no packages but those of the table', () => {
  const bare = edges.filter(
    ({ target }) =>
      !/^(?:daemon|plugins|native)\//.test(target) &&
      !packageOwners.some(([name]) => name.test(target)),
  );
  expect(bare.map(print)).toEqual([]);
});

test('the pure folders have no ambient time, randomness or process', () => {
  const uses = program
    .filter((file) => pureFolders.some((folder) => file.path.startsWith(`daemon/${folder}/`)))
    .flatMap((file) =>
      [...codeOf(file).matchAll(ambientGlobals)].map((use) => `${file.path}: ${use[0]}`),
    );
  expect(uses).toEqual([]);
});

test(`no file is longer than ${longestFile} lines`, () => {
  const all = ['daemon', 'plugins', 'native', 'scripts', 'test'].flatMap((folder) =>
    sourceFiles(folder, ['.ts', '.cc', '.h']),
  );
  const long = all
    .map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > longestFile && !tables.test(path));
  expect(long).toEqual([]);
});

test('the checks find what they look for', () => {
  const text = `
    import type { A } from '../proto/a.ts';
    export { B } from '../ike/b.ts'; // import { C } from '../x.ts'
    const plugin = await import('../../plugins/d/plugin.ts');
    import 'node:fs';
    const now = Date.now(), text = 'process', field = { process: 1 }, x = y.performance;
  `;
  const file = { path: 'daemon/kernel/sample.ts', text };
  expect(importsOf(file)).toEqual([
    { from: file.path, target: 'daemon/proto/a.ts', typeOnly: true },
    { from: file.path, target: 'daemon/ike/b.ts', typeOnly: false },
    { from: file.path, target: 'plugins/d/plugin.ts', typeOnly: false },
    { from: file.path, target: 'node:fs', typeOnly: false },
  ]);
  expect(
    importsOf(file)
      .filter(isForbidden)
      .map((edge) => edge.target),
  ).toEqual(['daemon/ike/b.ts', 'plugins/d/plugin.ts']);
  expect([...codeOf(file).matchAll(ambientGlobals)].map((use) => use[0])).toEqual(['Date']);
});

function isForbidden({ from, target }: ImportEdge): boolean {
  if (!/^(?:daemon|plugins|native)\//.test(target)) return false;
  const [root, folder = '', ...rest] = from.split('/');
  const [targetRoot, targetFolder = ''] = target.split('/');
  if (root === 'native') return targetRoot !== 'native';
  if (root === 'plugins') {
    if (targetRoot === 'plugins') return targetFolder !== folder;
    if (targetRoot === 'native')
      return !['crypto-libcrypto', 'kernel-netlink', 'local-datagram', 'socket-netlink'].includes(
        folder,
      );
    return !['contracts', 'proto', 'util'].includes(targetFolder);
  }
  // The composition root and the process entry see everything below daemon/; one file of each program knows the plugins,
  // by their declarations.
  if (pluginLoaders.test(from) && /^plugins\/[^/]+\/plugin\.ts$/.test(target)) return false;
  if (rest.length === 0) return targetRoot !== 'daemon';
  if (targetRoot !== 'daemon') return true;
  if (targetFolder === folder) return false;
  const inside = target.slice('daemon/'.length);
  const allowed = mayImport[folder] ?? [];
  return !allowed.includes(targetFolder) && !allowed.includes(inside);
}

function print({ from, target }: ImportEdge): string {
  return `${from} -> ${target}`;
}
