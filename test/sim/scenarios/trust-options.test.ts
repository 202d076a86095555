import { expect, test } from 'vitest';
import type { DaemonOptions } from '../../../daemon/config/options.ts';
import { fromHex } from '../../../daemon/util/hex.ts';
import { extension } from '../../support/build-x509.ts';
import { CRL_URL, OCSP_URL, revocationWorld, SERIALS, urls } from '../revocation-world.ts';
import { World } from '../world.ts';

const { carol: CAROL } = SERIALS;

test.each(['enable_crl', 'enable_ocsp'] as const)(
  'revocation.%s: what is switched off is not asked, so nothing is known of a revocation',
  async (option) => {
    const outcome = async (options: Partial<DaemonOptions>) => {
      await using world = new World();
      const kind = option === 'enable_crl' ? 'crl' : 'ocsp';
      const pki = await revocationWorld(world, {
        policy: 'relaxed',
        moonOptions: options,
        carolExtensions: urls[kind],
      });
      pki.serveCrl([CAROL]);
      pki.serve(OCSP_URL, pki.ocsp(CAROL, 'revoked'));
      const { ok } = await world.during(pki.moon.initiate('net'));
      return [ok, pki.moon.fetcher.asked.length > 0];
    };
    expect(await outcome({})).toEqual([false, true]);
    expect(await outcome({ [`plugins.revocation.${option}`]: false })).toEqual([true, false]);
  },
);

test.each([2, 7])('revocation.timeout: a server that hangs costs %i seconds', async (seconds) => {
  await using world = new World();
  const { moon, serve } = await revocationWorld(world, {
    moonOptions: { 'plugins.revocation.timeout': seconds },
    carolExtensions: urls.crl,
  });
  serve(CRL_URL, 'never');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const took = world.clock.now() / 1000;
  expect(took).toBeGreaterThanOrEqual(seconds);
  expect(took).toBeLessThan(seconds + 1);
});

test.each([1, 8, 32])('ocsp_nonce_len: requests have a nonce of %i octets', async (length) => {
  await using world = new World();
  const { moon, serve } = await revocationWorld(world, {
    moonOptions: { ocsp_nonce_len: length },
    carolExtensions: urls.ocsp,
  });
  let nonce: number | undefined;
  serve(OCSP_URL, {
    answer: ({ body = new Uint8Array() }) => {
      // id-pkix-ocsp-nonce, then an OCTET STRING around an OCTET STRING.
      const oid = fromHex('06092b0601050507300102') ?? new Uint8Array();
      const at = Buffer.from(body).indexOf(oid) + oid.length;
      nonce = body[at] === 4 && body[at + 2] === 4 ? body[at + 3] : undefined;
      return 'out of order';
    },
  });
  await world.during(moon.initiate('net'));
  expect(nonce).toBe(length);
});

test('x509.enforce_critical: a certificate with an unknown critical extension is refused, or not', async () => {
  const outcome = async (enforce: boolean) => {
    await using world = new World();
    const { moon } = await revocationWorld(world, {
      moonOptions: { 'x509.enforce_critical': enforce },
      carolExtensions: [extension('1.3.6.1.4.1.99999.1', Uint8Array.of(5, 0), true)],
    });
    return (await world.during(moon.initiate('net'))).ok;
  };
  expect([await outcome(true), await outcome(false)]).toEqual([false, true]);
});
