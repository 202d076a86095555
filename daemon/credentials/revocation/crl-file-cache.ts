import type { CrlFiles } from '../../contracts/crl-files.ts';
import type { Crypto } from '../../contracts/crypto.ts';
import type { Logger } from '../../contracts/logger.ts';
import { utf8 } from '../../util/bytes.ts';
import { errorText } from '../../util/error.ts';
import { toHex } from '../../util/hex.ts';
import { KeyedSerial } from '../../util/keyed-serial.ts';
import type { Crl } from '../x509/certificate.ts';
import type { Decoded } from '../x509/decoded.ts';
import { problemText } from '../x509/decoded.ts';
import { scopeText } from './delta.ts';
import type { RevocationSettings } from './sources.ts';

/** Files of the kind that {@link crlFileName} gives. */
const OWN_NAME = /^[0-9a-f]{40}(?:_[0-9a-f]{16})?(?:_delta)?$/;

/** What {@link CrlFileCache} needs. */
export interface CrlFileCacheServices {
  readonly logger: Logger;
  readonly crypto: Pick<Crypto, 'hash'>;
  readonly decodeCrl: (der: Uint8Array) => Promise<Decoded<Crl>>;
  readonly settings: () => RevocationSettings;
  readonly crlFiles?: CrlFiles | undefined;
}

/** Keeps fetched CRLs in files (`charon.cache_crls`). What comes back from there is believed no more than what is fetched. */
export class CrlFileCache {
  readonly #services: CrlFileCacheServices;
  readonly #writes = new KeyedSerial();

  constructor(services: CrlFileCacheServices) {
    this.#services = services;
  }

  /** CRLs that were kept, decoded and not verified. Never rejects. */
  async load(): Promise<readonly Crl[]> {
    const { crlFiles, decodeCrl, logger, settings } = this.#services;
    if (crlFiles === undefined || !settings().cacheCrls) return [];
    const crls: Crl[] = [];
    for (const { name, octets } of await crlFiles.read()) {
      if (!OWN_NAME.test(name)) continue;
      const path = crlFiles.pathOf(name);
      const crl = await decodeCrl(octets);
      if (crl.ok) {
        crls.push(crl.value);
        logger.log('cfg', 1, `loaded crl from '${path}'`);
      } else {
        logger.log('cfg', 1, `loading '${path}' failed: ${problemText(crl.problem)}`);
      }
    }
    return crls;
  }

  /** Writes a CRL that was verified; nobody waits for it. */
  save(crl: Crl): void {
    const { crlFiles, crypto, logger, settings } = this.#services;
    if (crlFiles === undefined || !settings().cacheCrls) return;
    const name = crlFileName(crl, crypto);
    const path = crlFiles.pathOf(name);
    void this.#writes
      .run(name, () => crlFiles.write(name, crl.der))
      .then(
        () => logger.log('cfg', 1, `  written crl '${path}' (${crl.der.length} bytes)`),
        (error: unknown) =>
          logger.log('cfg', 1, `  writing crl '${path}' failed: ${errorText(error)}`),
      );
  }
}

/**
 * The name of a CRL's file: the id of its issuer's key as charon has it, or else a hash of the issuer's name; for a part of the certificates a
 * hash of which part; `_delta` for a delta. Nothing of what the CRL says gets into it as it is.
 */
export function crlFileName(crl: Crl, crypto: Pick<Crypto, 'hash'>): string {
  const keyId = crl.authorityKeyId?.keyId;
  const issuer = keyId?.length === 20 ? keyId : crypto.hash('sha1', utf8(crl.issuerKey));
  const scope = scopeText(crl);
  const part = scope === '' ? '' : `_${toHex(crypto.hash('sha256', utf8(scope)).slice(0, 8))}`;
  return `${toHex(issuer)}${part}${crl.baseCrlNumber === undefined ? '' : '_delta'}`;
}
