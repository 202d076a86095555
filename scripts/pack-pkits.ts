import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

// Packs certificates and CRLs of NIST's PKITS into the one file that `test/vectors/pkits` reads:
//   apt-get download python3-cryptography-vectors && dpkg-deb -x python3-cryptography-vectors_*.deb DIR
//   node scripts/pack-pkits.ts DIR/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data

const [source] = process.argv.slice(2);
if (source === undefined) {
  process.stderr.write('usage: node scripts/pack-pkits.ts PKITS_DATA\n');
  process.exit(2);
}

/** DER of the files of a folder in base64, by their names without ending. */
function pack(folder: string, ending: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  return Object.fromEntries(
    names
      .sort()
      .map((name) => [basename(name, ending), readFileSync(join(folder, name)).toString('base64')]),
  );
}

const packed = {
  certificates: pack(join(source, 'certs'), '.crt'),
  crls: pack(join(source, 'crls'), '.crl'),
};
const target = join(import.meta.dirname, '../test/vectors/pkits/pkits.json.gz');
writeFileSync(target, gzipSync(JSON.stringify(packed), { level: 9 }));
