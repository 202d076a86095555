import { findText, optional, type Tree, value } from '../../../config/tree.ts';
import type { CommandContext, SwanctlCommand } from '../command.ts';
import { flag, PRETTY, RAW, takes } from '../shared-options.ts';

const CHILD_ID = 'child-id';
const IKE_ID = 'ike-id';

export const initiate: SwanctlCommand = {
  long: 'initiate',
  short: 'i',
  description: 'initiate a connection',
  synopsis: ['[--child <name>] [--ike <name>] [--timeout <s>] [--raw|--pretty]'],
  options: [
    takes('child', 'c', 'initiate a CHILD_SA configuration'),
    takes('ike', 'i', "initiate an IKE_SA, or name of child's parent"),
    takes('timeout', 't', 'timeout in seconds before detaching'),
    RAW,
    PRETTY,
    takes('loglevel', 'l', 'verbosity of redirected log'),
  ],
  run: (cx) =>
    logged(cx, 'initiate', [
      ...optional('child', cx.text('child')),
      ...optional('ike', cx.text('ike')),
      ...timing(cx),
    ]),
};

export const terminate: SwanctlCommand = {
  long: 'terminate',
  short: 't',
  description: 'terminate a connection',
  synopsis: [
    '--child <name> | --ike <name> | --child-id <id> | --ike-id <id>',
    '[--timeout <s>] [--raw|--pretty]',
  ],
  options: [
    takes('child', 'c', 'terminate by CHILD_SA name'),
    takes('ike', 'i', 'terminate by IKE_SA name'),
    takes(CHILD_ID, 'C', 'terminate by CHILD_SA unique identifier'),
    takes(IKE_ID, 'I', 'terminate by IKE_SA unique identifier'),
    flag('force', 'f', 'terminate IKE_SA without waiting, unless timeout is set'),
    takes('timeout', 't', 'timeout in seconds before detaching'),
    RAW,
    PRETTY,
    takes('loglevel', 'l', 'verbosity of redirected log'),
  ],
  run: (cx) =>
    logged(cx, 'terminate', [
      ...selectors(cx),
      ...(cx.has('force') ? [value('force', 'yes')] : []),
      ...timing(cx),
    ]),
};

export const rekey: SwanctlCommand = {
  long: 'rekey',
  short: 'R',
  description: 'rekey an SA',
  synopsis: [
    '--child <name> | --ike <name> | --child-id <id> | --ike-id <id>',
    '[--reauth] [--raw|--pretty]',
  ],
  options: [
    takes('child', 'c', 'rekey by CHILD_SA name'),
    takes('ike', 'i', 'rekey by IKE_SA name'),
    takes(CHILD_ID, 'C', 'rekey by CHILD_SA unique identifier'),
    takes(IKE_ID, 'I', 'rekey by IKE_SA unique identifier'),
    flag('reauth', 'a', 'reauthenticate instead of rekey an IKEv2 SA'),
    RAW,
    PRETTY,
  ],
  run: async (cx) =>
    cx.conclude(
      'rekey',
      await cx.ask('rekey', [
        ...selectors(cx),
        ...(cx.has('reauth') ? [value('reauth', 'yes')] : []),
      ]),
    ),
};

export const redirect: SwanctlCommand = {
  long: 'redirect',
  short: 'd',
  description: 'redirect an IKE_SA',
  synopsis: [
    '--ike <name> | --ike-id <id> | --peer-ip <ip|subnet|range>',
    '--peer-id <id|wildcards> | --gateway <ip|fqdn> [--raw|--pretty]',
  ],
  options: [
    takes('ike', 'i', 'redirect by IKE_SA name'),
    takes(IKE_ID, 'I', 'redirect by IKE_SA unique identifier'),
    takes('peer-ip', 'p', 'redirect by client IP'),
    takes('peer-id', 'd', 'redirect by IKE_SA name'),
    takes('gateway', 'g', 'target gateway (IP or FQDN)'),
    RAW,
    PRETTY,
  ],
  run: async (cx) =>
    cx.conclude(
      'redirect',
      await cx.ask('redirect', [
        ...optional('ike', cx.text('ike')),
        ...optional(IKE_ID, cx.text(IKE_ID)),
        ...optional('peer-ip', cx.text('peer-ip')),
        ...optional('peer-id', cx.text('peer-id')),
        ...optional('gateway', cx.text('gateway')),
      ]),
    ),
};

export const install: SwanctlCommand = trapCommand('install', 'p');
export const uninstall: SwanctlCommand = trapCommand('uninstall', 'U');

function trapCommand(long: 'install' | 'uninstall', short: string): SwanctlCommand {
  return {
    long,
    short,
    description: `${long} a trap or shunt policy`,
    synopsis: ['--child <name> [--ike <name>] [--raw|--pretty]'],
    options: [
      takes('child', 'c', `CHILD_SA configuration to ${long}`),
      takes('ike', 'i', 'name of the connection to which the child belongs'),
      RAW,
      PRETTY,
    ],
    async run(cx) {
      const answer = await cx.ask(long, [
        ...optional('child', cx.text('child')),
        ...optional('ike', cx.text('ike')),
      ]);
      // The stock program dumps with --pretty alone, after the name on its own line: scripts may know.
      if (!cx.has('pretty')) return conclude(cx, long, answer);
      cx.terminal.out(`${long}\n`);
      cx.dump(' reply', answer, 'pretty');
      return 0;
    },
  };
}

function conclude(cx: CommandContext, command: string, answer: Tree): number {
  if (findText(answer, 'success') === 'yes') {
    cx.terminal.out(`${command} completed successfully\n`);
    return 0;
  }
  cx.terminal.error(`${command} failed: ${findText(answer, 'errmsg') ?? ''}\n`);
  return 1;
}

/** Commands that show the log of what they start. */
async function logged(cx: CommandContext, command: string, input: Tree): Promise<number> {
  const { form } = cx;
  const answer = await cx.stream(command, input, 'control-log', 'log', (data) => {
    if (form !== undefined) cx.dump('log', data, form);
    else cx.terminal.out(`[${findText(data, 'group')}] ${findText(data, 'msg')}\n`);
  });
  return cx.conclude(command, answer);
}

function selectors(cx: CommandContext): Tree {
  return ['child', 'ike', CHILD_ID, IKE_ID].flatMap((name) => optional(name, cx.text(name)));
}

function timing(cx: CommandContext): Tree {
  const seconds = Number.parseInt(cx.text('timeout') ?? '0', 10);
  return [
    ...(seconds > 0 ? [value('timeout', seconds * 1000)] : []),
    value('loglevel', cx.text('loglevel') ?? '1'),
  ];
}

export const flushCerts: SwanctlCommand = {
  long: 'flush-certs',
  short: 'f',
  description: 'flush cached certificates',
  synopsis: ['[--type x509|x509_ac|x509_crl|ocsp_response|pubkey]', '[--raw|--pretty]'],
  options: [takes('type', 't', 'filter by certificate type'), RAW, PRETTY],
  async run(cx) {
    const answer = await cx.ask('flush-certs', optional('type', cx.text('type')));
    if (cx.form !== undefined) cx.dump('flush-certs reply', answer, cx.form);
    return 0;
  },
};

export const reloadSettings: SwanctlCommand = {
  long: 'reload-settings',
  short: 'r',
  description: 'reload daemon strongswan.conf',
  synopsis: ['[--raw|--pretty]'],
  options: [RAW, PRETTY],
  run: async (cx) =>
    cx.conclude('reload-settings', await cx.ask('reload-settings'), { silent: true }),
};
