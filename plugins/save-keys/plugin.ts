import { join } from 'node:path';
import type { EspKeyEntry, IkeKeyEntry } from '../../daemon/contracts/key-log.ts';
import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { nameOfEncryption } from '../../daemon/proto/iana/transforms.ts';
import { KeyFile } from './key-file.ts';
import { espLine, ikeLine } from './tables.ts';

/** What Wireshark calls its tables. */
const IKE_TABLE = 'ikev2_decryption_table';
const ESP_TABLE = 'esp_sa';

const plugin: Plugin = {
  name: 'save-keys',
  keyLog: ({ directory, ike, esp }, { log }) => {
    const failed = (sentence: string): void => log.log('lib', 0, sentence);
    const ikeFile = new KeyFile(join(directory, IKE_TABLE), failed);
    const espFile = new KeyFile(join(directory, ESP_TABLE), failed);
    // Strangers may choose the algorithms: each is told once.
    const told = new Set<number>();
    const append = (file: KeyFile, line: string | undefined, cipher: number): void => {
      if (line !== undefined) file.append(line);
      if (line !== undefined || told.has(cipher)) return;
      told.add(cipher);
      const name = nameOfEncryption(cipher);
      log.log('lib', 1, `keys of ${name} are not saved: Wireshark has no such cipher`);
    };
    return {
      ike(entry: IkeKeyEntry) {
        if (ike) append(ikeFile, ikeLine(entry), entry.encryption.id);
      },
      esp(entry: EspKeyEntry) {
        if (esp) append(espFile, espLine(entry), entry.encryption.id);
      },
      async close() {
        await Promise.all([ikeFile.close(), espFile.close()]);
      },
    };
  },
};

export default plugin;
