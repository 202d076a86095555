import type { Host } from './host.ts';

/** A folder of swanctl, as PEM labels what lies in it; containers are DER. */
const LABELS = {
  x509: 'CERTIFICATE',
  x509ca: 'CERTIFICATE',
  private: 'PRIVATE KEY',
  pubkey: 'PUBLIC KEY',
  pkcs12: undefined,
} as const;

/** Files of a host's /etc/swanctl by folder and name, DER. */
export type CredentialFiles = Partial<
  Readonly<Record<keyof typeof LABELS, Readonly<Record<string, Uint8Array>>>>
>;

/** Puts these credentials into /etc/swanctl of a host, instead of all that are there. */
export async function installCredentials(host: Host, files: CredentialFiles): Promise<void> {
  const folders = Object.keys(LABELS).map((folder) => `/etc/swanctl/${folder}`);
  await host.sh(
    `mkdir -p ${folders.join(' ')}; rm -f ${folders.map((one) => `${one}/*`).join(' ')}`,
  );
  for (const [folder, label] of Object.entries(LABELS)) {
    for (const [name, der] of Object.entries(files[folder as keyof typeof LABELS] ?? {})) {
      if (label === undefined) await putOctets(host, `/etc/swanctl/${folder}/${name}.p12`, der);
      else host.write(`/etc/swanctl/${folder}/${name}.pem`, pem(label, der));
    }
  }
}

async function putOctets(host: Host, path: string, octets: Uint8Array): Promise<void> {
  await host.sh(`echo ${Buffer.from(octets).toString('base64')} | base64 -d > ${path}`);
}

/** PEM of one block. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
