import { pem } from '../lab/credentials.ts';
import type { Host } from '../lab/host.ts';
import type { Issued } from '../sim/pki.ts';
import { pkcs12 } from './pkcs12.ts';

const NSS = 'sql:/var/lib/ipsec/nss';

/** Makes libreswan's database anew, with this CA and, by the name `own`, a certificate with its key. */
export async function intoDatabase(host: Host, ca: Issued, own?: Issued): Promise<void> {
  host.write('/root/ca.pem', pem('CERTIFICATE', ca.certificate));
  await host.sh(`
    rm -f /var/lib/ipsec/nss/*.db
    ipsec initnss
    ${own === undefined ? '' : importing(own, ca)}
    certutil -A -n lab-ca -t CT,, -d ${NSS} -i /root/ca.pem
  `);
}

function importing(own: Issued, ca: Issued): string {
  const container = pkcs12(own.certificate, own.privateKey, 'secret', [ca.certificate]);
  return `
    echo ${Buffer.from(container).toString('base64')} | base64 -d > /root/own.p12
    pk12util -i /root/own.p12 -d ${NSS} -W secret -K ''
  `;
}
