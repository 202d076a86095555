import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a program printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Options that a careful user of the package has. */
const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'esnext',
    lib: ['esnext'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    // The declarations of the package are checked too.
    skipLibCheck: false,
  },
};

/** An empty folder with the package installed from its tarball, and nothing else but types of Node. */
export class PackageConsumer implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  /** Files of the package. */
  readonly files: readonly string[];

  /** Packs the built package of `root`, without the network. */
  constructor(root: string) {
    const packed = execFileSync(
      'npm',
      ['pack', '--offline', '--ignore-scripts', '--json', '--pack-destination', this.folder],
      { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const [{ filename, files }] = JSON.parse(packed) as [
      { filename: string; files: readonly { readonly path: string }[] },
    ];
    this.files = files.map(({ path }) => path);
    const modules = join(this.folder, 'node_modules');
    mkdirSync(join(modules, 'charon-ts'), { recursive: true });
    execFileSync('tar', [
      'xzf',
      join(this.folder, filename),
      '-C',
      join(modules, 'charon-ts'),
      '--strip-components=1',
    ]);
    mkdirSync(join(modules, '@types'));
    for (const name of ['@types/node', 'undici-types'])
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
    this.write('package.json', JSON.stringify({ type: 'module' }));
    this.write('tsconfig.json', JSON.stringify(TSCONFIG));
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Runs a JavaScript file of the folder. */
  run(name: string, ...args: readonly string[]): Promise<Ran> {
    // Asynchronously: what serves it may live in this process.
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [name, ...args],
        { cwd: this.folder, timeout: 60_000 },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : 1, output: stdout + stderr }),
      );
    });
  }

  /** Places at which the compiler complains, as `file:line`, and everything it said. */
  compile(compiler: string): { readonly places: readonly string[]; readonly output: string } {
    const { stdout, stderr } = spawnSync(compiler, ['-p', '.', '--pretty', 'false'], {
      cwd: this.folder,
      encoding: 'utf8',
    });
    const found = stdout.matchAll(/^([^\s(]+)\((\d+),\d+\): error/gm);
    const places = new Set([...found].map(([, file, line]) => `${file}:${line}`));
    return { places: [...places], output: stdout + stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
