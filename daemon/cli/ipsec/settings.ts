import { readConfFile } from '../../config/strongswan-conf.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import { ConfigError } from '../../util/error.ts';

/** What strongswan.conf says to this program. */
export interface IpsecSettings {
  /** `starter.config_file`: path of ipsec.conf. */
  readonly conf: string | undefined;
  /** `charon.plugins.stroke.secrets_file`: path of ipsec.secrets. */
  readonly secrets: string | undefined;
  /** `charon.plugins.stroke.timeout`: milliseconds that `up` and `down` wait; 0 for as long as it takes. */
  readonly timeout: number;
  /** `charon.plugins.stroke.allow_swap`: whether right may turn out to be this host. */
  readonly allowSwap: boolean;
}

/** Reads them; from a file that is broken none, since the daemon says what is wrong with it. */
export function ipsecSettings(
  files: OperatorFiles,
  variables: ReadonlyMap<string, string>,
): IpsecSettings {
  const texts = new Map<string, string>();
  const file = variables.get('STRONGSWAN_CONF') ?? '/etc/strongswan.conf';
  try {
    const root = files.exists(file) ? readConfFile(file, files) : undefined;
    const stroke = root?.at('charon').at('plugins').at('stroke');
    const entries = [
      ['conf', root?.at('starter').value('config_file')],
      ['secrets', stroke?.value('secrets_file')],
      ['timeout', stroke?.value('timeout')],
      ['allow_swap', stroke?.value('allow_swap')],
    ] as const;
    for (const [name, found] of entries)
      if (found !== undefined && found.text !== '') texts.set(name, found.text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  const timeout = texts.get('timeout') ?? '';
  return {
    conf: texts.get('conf'),
    secrets: texts.get('secrets'),
    timeout: /^\d{1,9}$/.test(timeout) ? Number(timeout) : 0,
    allowSwap: !/^(no|false|0)$/i.test(texts.get('allow_swap') ?? ''),
  };
}
