import { afterAll, beforeAll, expect } from 'vitest';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { STRONGSWAN } from '../lab/charon-programs.ts';
import { plan } from '../lab/plan.ts';
import { makeSites, type Sites } from '../lab/sites.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { establish, proveTraffic, withTunnel } from './tunnel-run.ts';

const NEEDS = ['lab', 'tshark'] as const;
const KEYS = '/root/keys';
/** Where Wireshark looks for its tables. */
const PROFILE = '/root/.config/wireshark';
const TABLES = ['ikev2_decryption_table', 'esp_sa'];

/** The messages of the capture that are protected, in order. */
const EXCHANGES = [
  'IKE_AUTH',
  'CREATE_CHILD_SA',
  'INFORMATIONAL',
  'CREATE_CHILD_SA',
  'INFORMATIONAL',
  'INFORMATIONAL',
];

describeWith(NEEDS, 'saved keys open a capture in Wireshark', () => {
  let sites: Sites;

  beforeAll(async () => {
    sites = await makeSites('save-keys', 'strongswan', 'tshark');
  });
  afterAll(() => sites?.[Symbol.asyncDispose]());

  testWith(NEEDS, 'IKE with AES-CBC, ESP with AES-GCM, both rekeyed', async () => {
    const { moon, router } = sites;
    await moon.sh(`mkdir -m 700 ${KEYS}`);
    const saved = { load: 'yes', ike: 'yes', esp: 'yes', wireshark_keys: KEYS };
    const charon = { plugins: { 'save-keys': saved } };
    const agreed = plan({
      cipher: 'aes256-sha256',
      esp: 'aes128gcm16',
      extra: { moon: { charon }, sun: {} },
    });
    const sun = new CharonGateway(sites.sun, STRONGSWAN);
    await withTunnel(sites, sun, agreed, {}, async (run) => {
      await establish(run, 'moon');
      await proveTraffic(run);
      await run.moon.swanctlOk('--rekey', '--ike', 'gw');
      await run.moon.swanctlOk('--rekey', '--child', 'net');
      await proveTraffic(run);
      expect((await run.moon.terminate()).code).toBe(0);

      for (const table of TABLES)
        router.write(`${PROFILE}/${table}`, moon.read(`${KEYS}/${table}`) ?? '');
      const options = ['encryption_decode', 'authentication_check'];
      const opened = await run.capture.dissected(
        ...options.flatMap((option) => ['-o', `esp.enable_${option}:TRUE`]),
        ...['-V', '-Y', 'esp || isakmp'],
      );
      const packets = opened.split(/^(?=Frame \d+: )/m);
      const protectedOnes = packets.filter((text) => text.includes('    Encrypted Data ('));
      const exchanges = protectedOnes.map((text) => /Exchange type: (\w+)/.exec(text)?.[1]);
      expect(exchanges).toEqual(EXCHANGES.flatMap((exchange) => [exchange, exchange]));
      for (const text of protectedOnes) {
        expect(text).toContain('    Decrypted Data (');
        expect(text).toMatch(/Integrity Checksum Data: \w+ \(16 bytes\).*\[correct\]/);
      }
      expect(protectedOnes[0]).toContain('ID_FQDN: moon.example.org');
      const esp = packets.filter((text) => /^Encapsulating Security Payload/m.test(text));
      for (const text of esp) expect(text).toMatch(/^Internet Control Message Protocol/m);
      const spis = new Set(esp.map((text) => /ESP SPI: (0x\w+)/.exec(text)?.[1]));
      expect(spis.size).toBe(4);
    });
  });
});
