import { expect, test } from 'vitest';
import { ipsecSettings } from '../../../../daemon/cli/ipsec/settings.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';

const read = (text: string | undefined, variables: Readonly<Record<string, string>> = {}) =>
  ipsecSettings(
    new OperatorMemoryFiles(text === undefined ? {} : { '/etc/strongswan.conf': text, '/x': text }),
    new Map(Object.entries(variables)),
  );
const NONE = { conf: undefined, secrets: undefined, timeout: 0, allowSwap: true };

test('strongswan.conf says where the files are and how long to wait', () => {
  const text =
    'starter { config_file = /a/ipsec.conf }\n' +
    'charon { plugins { stroke {\n secrets_file = /a/secrets\n timeout = 500\n allow_swap = no\n } } }\n';
  const all = { conf: '/a/ipsec.conf', secrets: '/a/secrets', timeout: 500, allowSwap: false };
  expect(read(text)).toEqual(all);
  expect(read(text, { STRONGSWAN_CONF: '/x' })).toEqual(all);
  expect(read(text, { STRONGSWAN_CONF: '/y' })).toEqual(NONE);
});

test('without it, with a broken one and with values that mean nothing all is as usual', () => {
  expect(read(undefined)).toEqual(NONE);
  expect(read('charon {')).toEqual(NONE);
  expect(read('charon.plugins.stroke.timeout = soon\nstarter.config_file =\n')).toEqual(NONE);
});
