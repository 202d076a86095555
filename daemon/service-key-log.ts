import type { DaemonOptions } from './config/options.ts';
import type { KeyLog } from './contracts/key-log.ts';
import type { PluginHost } from './contracts/plugin.ts';
import type { LoadedPlugins } from './load-plugins.ts';

/**
 * What saves keys for Wireshark, if that is configured. Whoever reads the log shall know of it at every start: who reads
 * these files reads the traffic.
 */
export function openKeyLog(
  { keyLog }: Pick<LoadedPlugins, 'keyLog'>,
  options: DaemonOptions,
  host: PluginHost,
): KeyLog | undefined {
  if (keyLog === undefined) return undefined;
  const directory = options['plugins.save-keys.wireshark_keys'];
  const [ike, esp] = [options['plugins.save-keys.ike'], options['plugins.save-keys.esp']];
  const say = (sentence: string): void => host.log.log('lib', 0, sentence);
  if (directory === undefined || !(ike || esp)) {
    say(
      'save-keys is loaded, but not both what to save and wireshark_keys are set: nothing is saved',
    );
    return undefined;
  }
  const what = [...(ike ? ['IKE_SAs'] : []), ...(esp ? ['ESP SAs'] : [])].join(' and ');
  say(
    `WARNING: save-keys writes the keys of ${what} to ${directory}: whoever can read these files can decrypt the traffic`,
  );
  return keyLog({ directory, ike, esp }, host);
}
