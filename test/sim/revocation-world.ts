import { parseIdentity } from '../../daemon/proto/identity-text.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { der, extension } from '../support/build-x509.ts';
import { ext, TestAuthority, type TestHolder } from '../support/revocation-pki.ts';
import { byKey, loadCertificates } from './enrol.ts';
import { type PairSetup, pair } from './pair.ts';
import type { VirtualFetcher } from './virtual-fetcher.ts';
import type { World } from './world.ts';
import type { WorldHost } from './world-host.ts';

export const CRL_URL = 'http://crl.example.org/ca.crl';
export const OCSP_URL = 'http://ocsp.example.org/';

const DAY = 24 * 3_600_000;
const NAMES = { moon: 'moon.example.org', carol: 'carol.example.org' };
/** Serial numbers of the certificates. */
export const SERIALS = { moon: 10, carol: 11 };

/** Two gateways with certificates of one CA, and its servers. */
export interface RevocationWorld {
  readonly ca: TestAuthority;
  readonly moon: WorldHost;
  readonly carol: WorldHost;
  readonly certificates: { readonly moon: TestHolder; readonly carol: TestHolder };
  /** Puts a server where both hosts reach it. */
  serve(url: string, server: Parameters<VirtualFetcher['serve']>[1]): void;
  /** Puts a CRL of the CA with these serial numbers on its server. */
  serveCrl(revoked: readonly number[], lasts?: number): void;
  /** DER of what the CA itself says about a serial number. */
  ocsp(serial: number, status: 'good' | 'revoked' | 'unknown'): Uint8Array;
}

/** What differs from the plain case: no URLs, policy relaxed. */
export interface RevocationWishes extends PairSetup {
  readonly moonExtensions?: readonly Uint8Array[];
  readonly carolExtensions?: readonly Uint8Array[];
  readonly policy?: 'strict' | 'ifuri' | 'relaxed';
  /** Another CA issued carol's certificate. */
  readonly carolCa?: TestAuthority;
}

const id = (text: string) => parseIdentity(text, { allowRegex: true });

export async function revocationWorld(
  world: World,
  wishes: RevocationWishes = {},
): Promise<RevocationWorld> {
  const { policy = 'relaxed', moonExtensions = [], carolExtensions = [] } = wishes;
  const [moon, carol] = await pair(world, {
    ...wishes,
    moonConnection: {
      local: [byKey({ id: id(NAMES.moon) })],
      remote: [byKey({ id: id(NAMES.carol), revocation: policy })],
      ...wishes.moonConnection,
    },
    carolConnection: {
      local: [byKey({ id: id(NAMES.carol) })],
      remote: [byKey({ id: id(NAMES.moon) })],
      ...wishes.carolConnection,
    },
  });
  const now = world.clock.wallClock();
  const ca = TestAuthority.root('CA', now);
  const certificates = {
    moon: ca.issue('moon', SERIALS.moon, now, [dns(NAMES.moon), ...moonExtensions]),
    carol: (wishes.carolCa ?? ca).issue('carol', SERIALS.carol, now, [
      dns(NAMES.carol),
      ...carolExtensions,
    ]),
  };
  await equip(moon, certificates.moon, ca);
  await equip(carol, certificates.carol, ca);
  const serve: RevocationWorld['serve'] = (url, server) => {
    for (const host of [moon, carol]) host.fetcher.serve(url, server);
  };
  return {
    ca,
    serve,
    moon,
    carol,
    certificates,
    serveCrl(revoked, lasts = DAY) {
      const thisUpdate = world.clock.wallClock() - DAY;
      const nextUpdate = world.clock.wallClock() + lasts;
      const entries = revoked.map((serial) => ({ serial, at: thisUpdate, reason: 1 }));
      serve(CRL_URL, ca.crlDer({ thisUpdate, nextUpdate, entries }));
    },
    ocsp(serial, status) {
      const thisUpdate = world.clock.wallClock();
      const answers = [{ serial, status, thisUpdate, nextUpdate: thisUpdate + DAY }];
      return ca.respond(ca, { producedAt: thisUpdate, answers });
    },
  };
}

/** Gives a host a certificate with its key, and the CA it believes. */
export async function equip(host: WorldHost, own: TestHolder, ca: TestAuthority): Promise<void> {
  const data = own.key.privateKey.export({ type: 'pkcs8', format: 'der' });
  const loaded = await host.privateKeys.load({ data: Uint8Array.from(data), origin: 'vici' });
  if (!loaded.ok) throw new TypeError(loaded.reason);
  loadCertificates(host, 'NONE', [own.certificate.der]);
  loadCertificates(host, 'CA', [ca.certificate.der]);
}

/** A subjectAltName with a dNSName. */
export function dns(name: string): Uint8Array {
  return extension('2.5.29.17', der.seq(der.implicit(2, utf8(name))));
}

/** A distribution point and a responder, as certificates name them. */
export const urls = { crl: [ext.crls(CRL_URL)], ocsp: [ext.ocsp(OCSP_URL)] };
