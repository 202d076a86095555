import { expect, test } from 'vitest';
import { TestAuthority } from '../../support/revocation-pki.ts';
import { CRL_URL, OCSP_URL, revocationWorld, urls } from '../revocation-world.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { World } from '../world.ts';

const NOW = new VirtualClock().wallClock();

test.each([
  ['of an unknown CA', 'stranger'],
  ['of a CA that took the name of ours', 'CA'],
] as const)('SEC-51: nothing is fetched for a certificate %s', async (_, name) => {
  await using world = new World();
  const { moon, carol, serve } = await revocationWorld(world, {
    policy: 'strict',
    carolExtensions: [...urls.crl, ...urls.ocsp],
    carolCa: TestAuthority.root(name, NOW),
  });
  serve(CRL_URL, 'never');
  serve(OCSP_URL, 'never');
  const begin = world.clock.now();
  for (const host of [carol, moon]) {
    expect((await world.during(host.initiate('net'))).ok).toBe(false);
  }
  expect(world.clock.now() - begin).toBeLessThan(1000);
  expect(moon.fetcher.asked).toEqual([]);
});

test('SEC-51: somebody with the certificate of another one but without its key makes us fetch nothing', async () => {
  await using world = new World();
  const { moon, carol, certificates } = await revocationWorld(world, {
    policy: 'strict',
    carolExtensions: urls.crl,
  });
  const { publicKey } = certificates.carol.certificate;
  const real = carol.privateKeys;
  const sign = real.sign.bind(real);
  real.sign = async (keyId, scheme, message) => {
    const signature = await sign(keyId, scheme, message);
    if (keyId === publicKey?.keyId) signature[0] = (signature[0] ?? 0) ^ 1;
    return signature;
  };
  expect((await world.during(carol.initiate('net'))).ok).toBe(false);
  expect(moon.fetcher.asked).toEqual([]);
});

test('SEC-56: certificates behind URLs are not fetched unless that is switched on', async () => {
  await using world = new World();
  const { moon, carol, ca } = await revocationWorld(world, {
    carolOptions: { hash_and_url: true },
  });
  const certUriBase = 'http://certs.example.org/';
  carol.daemon.credentials.loadAuthorities([
    { name: 'ca', cacert: ca.certificate.der, crlUris: [], ocspUris: [], certUriBase },
  ]);
  expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
  expect(moon.fetcher.asked).toEqual([]);
});
