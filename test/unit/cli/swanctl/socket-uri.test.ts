import { expect, test } from 'vitest';
import { chooseSocket } from '../../../../daemon/cli/swanctl/socket-uri.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';

const USUAL = '/var/run/charon.vici';

function choose(conf: string | undefined, uri?: string): ReturnType<typeof chooseSocket> {
  const files = new OperatorMemoryFiles(conf === undefined ? {} : { '/etc/strongswan.conf': conf });
  return chooseSocket(uri, { files, environment: new Map() });
}

test('the socket is the one of the command line, of strongswan.conf, or the usual one', () => {
  expect(choose(undefined)).toEqual({ ok: true, uri: `unix://${USUAL}`, path: USUAL });
  const conf = 'charon { plugins { vici { socket = unix:///run/a } } }\n';
  expect(choose(conf)).toEqual({ ok: true, uri: 'unix:///run/a', path: '/run/a' });
  const own = `${conf}swanctl { socket = unix:///run/b }\n`;
  expect(choose(own)).toMatchObject({ path: '/run/b' });
  expect(choose(own, 'unix:///run/c')).toMatchObject({ path: '/run/c' });
  expect(choose(undefined, '/run/c')).toMatchObject({ ok: false });
});

test('a broken strongswan.conf is said where it counts', () => {
  expect(choose('charon {\n')).toEqual({
    ok: true,
    uri: `unix://${USUAL}`,
    path: USUAL,
    guessed: expect.stringMatching(/^\/etc\/strongswan\.conf:2:1: .*'charon'/),
  });
  expect(choose('charon {\n', 'unix:///run/c')).toEqual({
    ok: true,
    uri: 'unix:///run/c',
    path: '/run/c',
  });
});
