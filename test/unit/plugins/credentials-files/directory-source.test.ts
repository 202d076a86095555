import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileChanges } from '../../../../daemon/contracts/credential-files.ts';
import { NodeClock } from '../../../../daemon/runtime/node-clock.ts';
import { DirectorySource } from '../../../../plugins/credentials-files/directory-source.ts';
import { keyFileMistake } from '../../../../plugins/credentials-files/permissions.ts';
import { until } from '../../../support/vici.ts';

/** So long that only watching can tell of a change. */
const NEVER = 3600;

describe('a swanctl directory', () => {
  let root: string;
  let directory: string;
  let told: FileChanges[];
  let source: DirectorySource | undefined;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'credentials-'));
    directory = join(root, 'swanctl');
    told = [];
    for (const folder of ['x509', 'private'])
      mkdirSync(join(directory, folder), { recursive: true });
  });

  afterEach(async () => {
    await source?.[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true });
  });

  const write = (name: string, text: string, mode = 0o600): void =>
    writeFileSync(join(directory, name), text, { mode });

  async function start(interval = NEVER): Promise<DirectorySource> {
    const clock = new NodeClock((error) => {
      throw error;
    });
    const settings = { directory, interval, strictPermissions: true };
    source = new DirectorySource(settings, { clock, uid: process.getuid?.() });
    await source.start(async (changes) => void told.push(changes));
    return source;
  }

  /** Name and contents of what was told since the last time. */
  const news = (): readonly string[] =>
    told.splice(0).flatMap(({ files, removed }) => [
      ...files.map(({ folder, path, data }) => {
        const name = path.slice(path.lastIndexOf('/') + 1);
        return `${folder}/${name}: ${new TextDecoder().decode(data)}`;
      }),
      ...removed.map((path) => `- ${path.slice(directory.length + 1)}`),
    ]);
  const heard = (): Promise<void> => until(() => told.length > 0);

  test('is told whole at first, without what is hidden, no file or in another folder', async () => {
    write('x509/b.pem', 'B');
    write('x509/a.pem', 'A');
    write('x509/.hidden', 'no');
    write('private/a.pem', 'K');
    mkdirSync(join(directory, 'x509', 'folder'));
    mkdirSync(join(directory, 'other'));
    write('other/x', 'no');
    await start();
    expect(news()).toEqual(['x509/a.pem: A', 'x509/b.pem: B', 'private/a.pem: K']);
  });

  test('tells what was written in place, replaced and removed, each once, without a look in between', async () => {
    write('x509/a.pem', 'A');
    await start();
    news();
    write('x509/a.pem', 'A2');
    await heard();
    expect(news()).toEqual(['x509/a.pem: A2']);
    write('x509/.new', 'A3');
    renameSync(join(directory, 'x509', '.new'), join(directory, 'x509', 'a.pem'));
    await heard();
    expect(news()).toEqual(['x509/a.pem: A3']);
    rmSync(join(directory, 'x509', 'a.pem'));
    await heard();
    expect(news()).toEqual(['- x509/a.pem']);
    await source?.rescan();
    expect(told).toEqual([]);
  });

  test('tells private keys again when their keeper lost them, and nothing else', async () => {
    write('x509/a.pem', 'A');
    write('private/a.pem', 'K');
    write('private/gone.pem', 'G');
    await start();
    news();
    rmSync(join(directory, 'private', 'gone.pem'));
    await source?.rereadKeys();
    expect(news().toSorted()).toEqual(['- private/gone.pem', 'private/a.pem: K']);
    await source?.rescan();
    expect(told).toEqual([]);
  });

  test('tells files that are written together together', async () => {
    await start();
    write('x509/a.pem', 'A');
    await new Promise((resolve) => setTimeout(resolve, 100));
    write('private/a.pem', 'K');
    await heard();
    expect(told).toHaveLength(1);
    expect(news()).toEqual(['x509/a.pem: A', 'private/a.pem: K']);
  });

  test('follows links whose target changes, as certbot does it', async () => {
    const live = join(root, 'live');
    const archive = join(root, 'archive');
    for (const folder of [live, archive]) mkdirSync(folder);
    writeFileSync(join(archive, 'cert1.pem'), 'one');
    writeFileSync(join(archive, 'cert2.pem'), 'two');
    symlinkSync('../archive/cert1.pem', join(live, 'cert.pem'));
    symlinkSync(join(live, 'cert.pem'), join(directory, 'x509', 'gw.pem'));
    await start();
    expect(news()).toEqual(['x509/gw.pem: one']);
    symlinkSync('../archive/cert2.pem', join(live, 'next'));
    renameSync(join(live, 'next'), join(live, 'cert.pem'));
    await heard();
    expect(news()).toEqual(['x509/gw.pem: two']);
  });

  test('follows a folder that is swapped as a whole, as Kubernetes does it, again and again', async () => {
    const folder = join(directory, 'x509');
    const publish = (number: number): void => {
      mkdirSync(join(folder, `..${number}`));
      writeFileSync(join(folder, `..${number}`, 'tls.crt'), `version ${number}`);
      symlinkSync(`..${number}`, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    publish(1);
    symlinkSync('..data/tls.crt', join(folder, 'tls.crt'));
    await start();
    expect(news()).toEqual(['x509/tls.crt: version 1']);
    for (const number of [2, 3]) {
      publish(number);
      await heard();
      expect(news()).toEqual([`x509/tls.crt: version ${number}`]);
    }
  });

  test('is looked at from time to time where watching does not reach', async () => {
    const far = join(root, 'elsewhere');
    mkdirSync(far);
    writeFileSync(join(far, 'a.pem'), 'one');
    // Nobody tells of what is written by the other name of a file.
    linkSync(join(far, 'a.pem'), join(directory, 'x509', 'a.pem'));
    await start(1);
    expect(news()).toEqual(['x509/a.pem: one']);
    writeFileSync(join(far, 'a.pem'), 'two');
    await heard();
    expect(news()).toEqual(['x509/a.pem: two']);
  });

  test('tells of folders that come later', async () => {
    await start();
    mkdirSync(join(directory, 'x509ca'));
    write('x509ca/root.pem', 'R');
    await heard();
    expect(news()).toEqual(['x509ca/root.pem: R']);
  });

  test('refuses what is too large, and private keys that are open to others, and says so once', async () => {
    write('private/open.pem', 'K', 0o644);
    chmodSync(join(directory, 'private/open.pem'), 0o644);
    write('x509/big.pem', 'x'.repeat(1024 * 1024 + 1));
    await start();
    const [{ problems = [] } = {}] = told;
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/big.pem' is not used: it has 1048577 octets, at most 1048576/);
    expect(problems[1]).toMatch(
      /open.pem' is not used: it has mode 0644 and is open to every user/,
    );
    expect(news()).toEqual([]);
    await source?.rescan();
    expect(told).toEqual([]);
    chmodSync(join(directory, 'private/open.pem'), 0o640);
    await heard();
    expect(news()).toEqual(['private/open.pem: K']);
  });

  test('a directory that is not there is empty, and is found when it comes', async () => {
    rmSync(directory, { recursive: true });
    await start(1);
    expect(told).toEqual([]);
    mkdirSync(join(directory, 'x509'), { recursive: true });
    write('x509/a.pem', 'A');
    await heard();
    expect(news()).toEqual(['x509/a.pem: A']);
  });
});

test('modes and owners of private keys', () => {
  expect(keyFileMistake({ mode: 0o600, uid: 0 }, 1000)).toBeUndefined();
  expect(keyFileMistake({ mode: 0o640, uid: 1000 }, 1000)).toBeUndefined();
  expect(keyFileMistake({ mode: 0o604, uid: 0 }, 0)).toMatch(/mode 0604 .* every user/);
  expect(keyFileMistake({ mode: 0o602, uid: 0 }, 0)).toMatch(/every user/);
  expect(keyFileMistake({ mode: 0o660, uid: 0 }, 0)).toMatch(/its group may write it/);
  expect(keyFileMistake({ mode: 0o600, uid: 7 }, 1000)).toMatch(/belongs to user 7/);
});
