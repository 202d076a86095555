import { expect, test } from 'vitest';
import type { Explanation } from '../../../../daemon/control/views.ts';
import { swanctlOn } from '../../../support/swanctl-run.ts';
import { ask, RawClient, ViciBench } from '../../../support/vici.ts';

const now = Date.UTC(2026, 10, 21);

const explanation: Explanation = {
  name: 'gw',
  state: 'waiting',
  summary: "'gw' is down",
  hint: 'do something',
  now,
  sas: [
    {
      uniqueId: 7,
      state: 'CREATED',
      initiator: true,
      local: '192.0.2.1[500]',
      remote: '192.0.2.2[500]',
      tries: { count: 3, limit: 0 },
      retryIn: 12,
    },
  ],
  children: [{ name: 'net', state: 'down' }],
  missing: [{ kind: 'no-secret', reason: 'no secret', hint: 'load it' }],
  attempts: [
    {
      role: 'initiator',
      step: 'IKE_SA_INIT',
      kind: 'proposal',
      reason: 'nothing in common',
      differences: [{ what: 'key exchange', ours: 'x25519', theirs: 'ecp256' }],
      notify: 17,
      subject: undefined,
      child: 'net',
      local: '192.0.2.1[500]',
      remote: '192.0.2.2[500]',
      localId: undefined,
      remoteId: 'evil \u001b[2J\u0007ä',
      first: now - 300_000,
      last: now - 5000,
      times: 4,
      hint: 'allow it',
    },
  ],
  suspects: [
    {
      step: 'IKE_AUTH',
      kind: 'no-connection',
      reason: 'no connection',
      differences: [],
      notify: 24,
      local: '192.0.2.1[500]',
      remote: '192.0.2.9[500]',
      remoteId: 'evil \u001b[2J\u0007ä',
      first: now - 5000,
      last: now - 5000,
      times: 1,
    },
  ],
};

async function bench(explained?: Explanation): Promise<ViciBench> {
  const made = await ViciBench.start();
  made.control.explained = explained;
  return made;
}

test('--explain prints what the daemon says, and nothing that steers the terminal', async () => {
  await using on = await bench(explanation);
  const { code, stdout, stderr } = await swanctlOn(on, ['--explain', 'gw']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(`'gw' is down
  => do something
  IKE_SA #7: CREATED, as initiator, 192.0.2.1[500]...192.0.2.2[500], try 3, next in 12s
  child net: down
missing now:
  - no secret
    => load it
failed, the last first:
  - 5s ago, 4 times since 300s ago: we asked 192.0.2.2[500] for child net, ended in IKE_SA_INIT
    nothing in common
    the peer answered INVALID_KE_PAYLOAD
    key exchange: ours x25519, theirs ecp256
    => allow it
peers that were refused and may have meant it:
  - 5s ago: 192.0.2.9[500] ('evil ?[2J?ä') asked us, ended in IKE_AUTH
    no connection
    we answered AUTHENTICATION_FAILED
`);
});

test('--explain --json has numbers as numbers', async () => {
  await using on = await bench(explanation);
  const { code, stdout } = await swanctlOn(on, ['--explain', '--json', 'gw']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    name: 'gw',
    state: 'waiting',
    summary: "'gw' is down",
    hint: 'do something',
    'ike-sas': {
      7: {
        state: 'CREATED',
        role: 'initiator',
        local: '192.0.2.1[500]',
        remote: '192.0.2.2[500]',
        try: 3,
        tries: 0,
        'retry-in': 12,
      },
    },
    children: { net: { state: 'down' } },
    missing: { 1: { kind: 'no-secret', reason: 'no secret', hint: 'load it' } },
    attempts: {
      1: {
        role: 'initiator',
        step: 'IKE_SA_INIT',
        kind: 'proposal',
        reason: 'nothing in common',
        notify: 'INVALID_KE_PAYLOAD',
        age: 5,
        since: 300,
        times: 4,
        local: '192.0.2.1[500]',
        remote: '192.0.2.2[500]',
        'remote-id': 'evil \u001b[2J\u0007ä',
        child: 'net',
        differences: { 1: { what: 'key exchange', ours: 'x25519', theirs: 'ecp256' } },
        hint: 'allow it',
      },
    },
    suspects: {
      1: {
        step: 'IKE_AUTH',
        kind: 'no-connection',
        reason: 'no connection',
        notify: 'AUTHENTICATION_FAILED',
        age: 5,
        since: 5,
        times: 1,
        local: '192.0.2.1[500]',
        remote: '192.0.2.9[500]',
        'remote-id': 'evil \u001b[2J\u0007ä',
        differences: {},
      },
    },
    success: 'yes',
  });
});

test('what is not loaded is an exit code of its own', async () => {
  await using on = await bench({ ...explanation, state: 'unknown', summary: 'nothing' });
  expect(await swanctlOn(on, ['--explain', 'gw'])).toMatchObject({ code: 2 });
  expect(await swanctlOn(on, ['--explain', 'gw', '--json'])).toMatchObject({ code: 2 });
});

test('without a name, and when the daemon fails', async () => {
  await using on = await bench();
  expect(await swanctlOn(on, ['--explain'])).toEqual({
    code: 22,
    stdout: '',
    stderr: 'missing name of a connection or a child\n',
  });
  expect(await swanctlOn(on, ['--explain', 'gw'])).toMatchObject({
    code: 1,
    stderr: "explain failed: internal error in 'explain': nothing to explain\n",
  });
});

test('the usage names what is to be given', async () => {
  await using on = await bench();
  const { stdout } = await swanctlOn(on, ['--explain', '--help']);
  expect(stdout).toContain('swanctl --explain <name of a connection or a child>');
  expect(stdout).toContain('--json');
});

test('the command refuses what it does not know', async () => {
  await using on = await bench(explanation);
  using client = await RawClient.connect(on.path);
  const { value } = await import('../../../../daemon/config/tree.ts');
  expect(await ask(client, 'explain')).toEqual([
    ['success', 'no'],
    ['errmsg', 'missing name of a connection or a child'],
  ]);
  expect((await ask(client, 'explain', [value('nmae', 'gw')]))[0]).toEqual(['success', 'no']);
});
