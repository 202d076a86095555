import { pem } from '../lab/credentials.ts';
import type { Host } from '../lab/host.ts';
import type { Issued } from '../sim/pki.ts';
import { pkcs12 } from './pkcs12.ts';

const NSS = 'sql:/var/lib/ipsec/nss';

/** Makes libreswan's database anew, with this root and, by the name `own`, a certificate with its key and the CAs between. */
export async function intoDatabase(
  host: Host,
  ca: Issued,
  own?: Issued,
  between: readonly Issued[] = [],
): Promise<void> {
  host.write('/root/ca.pem', pem('CERTIFICATE', ca.certificate));
  await host.sh(`
    rm -f /var/lib/ipsec/nss/*.db
    ipsec initnss
    ${own === undefined ? '' : importing(own, [...between, ca])}
    certutil -A -n lab-ca -t CT,, -d ${NSS} -i /root/ca.pem
  `);
}

function importing(own: Issued, cas: readonly Issued[]): string {
  const chain = cas.map(({ certificate }) => certificate);
  const container = pkcs12(own.certificate, own.privateKey, 'secret', chain);
  return `
    echo ${Buffer.from(container).toString('base64')} | base64 -d > /root/own.p12
    pk12util -i /root/own.p12 -d ${NSS} -W secret -K ''
  `;
}
