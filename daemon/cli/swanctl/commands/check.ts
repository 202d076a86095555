import { Errno, type LocalCommand, type LocalContext } from '../command.ts';
import { configPlace } from '../open-config.ts';
import { flag, JSON_FORM } from '../shared-options.ts';
import { FILE } from './load-config.ts';

/** `--check`: says what is wrong with the configuration, without a daemon; fails exactly if `--load-all` would. */
export const check: LocalCommand = {
  long: 'check',
  short: 'k',
  description: 'check the configuration, without a daemon',
  synopsis: ['[--file <path>] [--noprompt] [--json]'],
  options: [
    FILE,
    flag('noprompt', 'n', 'nobody types passphrases: keys that need one are errors'),
    { ...JSON_FORM, help: 'print the findings as one JSON document', hidden: false },
  ],
  own: true,
  runAlone: runCheck,
};

async function runCheck(cx: LocalContext): Promise<number> {
  // Reads certificates, keys and proposals: nobody else waits for what that takes.
  const { checkConfig } = await import('../check/check-config.ts');
  const { findingText, findingsJson, summaryText } = await import('../check/finding.ts');
  const findings = await checkConfig({
    ...configPlace(cx),
    settings: settingsFile(cx),
    files: cx.files,
    crypto: await cx.crypto(),
    now: cx.now(),
    prompts: !cx.has('noprompt'),
  });
  if (cx.has('json')) cx.terminal.out(findingsJson(findings));
  else {
    for (const finding of findings.sorted()) cx.terminal.out(findingText(finding));
    cx.terminal.out(summaryText(findings));
  }
  return findings.count('error') > 0 ? Errno.EINVAL : 0;
}

/** The daemon's own file, where the configuration of this host is checked and not some other one. */
function settingsFile(cx: LocalContext): string | undefined {
  const named = cx.environment.get('STRONGSWAN_CONF');
  if (named !== undefined) return named;
  const elsewhere = cx.has('file') || cx.environment.has('SWANCTL_DIR');
  return !elsewhere && cx.files.exists(DEFAULT_SETTINGS) ? DEFAULT_SETTINGS : undefined;
}

const DEFAULT_SETTINGS = '/etc/strongswan.conf';
