import { expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Message, Payload } from '../../../daemon/proto/payload.ts';
import { ts } from '../../support/selectors.ts';
import type { PairSetup } from '../pair.ts';
import { notifiesIn, type Puppet } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';
import { simCrypto } from '../world.ts';

const HYBRID = 'aes128gcm16-x25519-ke1_mlkem768';

/** The peer rekeys its CHILD_SA with an additional key exchange, which it never begins. */
function beginRekeying(peer: Puppet): Promise<Message | undefined> {
  const proposals = parseProposals('esp', [HYBRID], simCrypto());
  const x25519 = simCrypto().keyExchange(31)?.initiate().publicValue ?? new Uint8Array();
  const spi = Uint8Array.of(0xca, 0xfe, 0, 9);
  const old = Uint8Array.of(0xca, 0xfe, 0, 1);
  const type = NotifyType.REKEY_SA;
  const payloads: readonly Payload[] = [
    { kind: 'Notify', protocol: 3, spi: old, type, data: new Uint8Array() },
    { kind: 'SA', proposals: proposals.map((one) => ({ ...one, number: 1, spi })) },
    { kind: 'Nonce', data: new Uint8Array(32).fill(9) },
    { kind: 'KE', method: 31, data: x25519 },
    { kind: 'TSi', selectors: [ts('10.1.0.0/16')] },
    { kind: 'TSr', selectors: [ts('10.2.0.0/16')] },
  ];
  return peer.request(ExchangeType.CREATE_CHILD_SA, payloads);
}

/** A gateway whose peer has begun a rekeying. */
async function begun(setup: PairSetup = {}): Promise<{ attack: Siege; peer: Puppet }> {
  const attack = await siege({ ...setup, carolEsp: [HYBRID, 'aes128gcm16'] });
  const peer = attack.puppet();
  await peer.init();
  await peer.auth();
  expect(notifiesIn(await beginRekeying(peer))).toEqual([NotifyType.ADDITIONAL_KEY_EXCHANGE]);
  expect(states(attack)).toEqual(['REKEYING']);
  return { attack, peer };
}

function states({ gateway }: Siege): readonly string[] {
  return gateway.sas.flatMap(({ children }) => children.map(({ state }) => state));
}

// RFC 9370 section 2.2.4: what waits for IKE_FOLLOWUP_KE does not wait for ever
test('a rekeying that the peer begins and forgets keeps nobody else from rekeying', async () => {
  const { attack } = await begun();
  await using _ = attack;
  await attack.world.pass(200_000);
  expect(states(attack)).toEqual(['INSTALLED']);
  await attack.expectAlive();
});

test('what goes on in time is not given up', async () => {
  const { attack, peer } = await begun();
  await using _ = attack;
  await attack.world.pass(100_000);
  expect(states(attack)).toEqual(['REKEYING']);
  // The same CHILD_SA once more ends the first rekeying, and time begins anew.
  expect(notifiesIn(await beginRekeying(peer))).toEqual([NotifyType.ADDITIONAL_KEY_EXCHANGE]);
  await attack.world.pass(100_000);
  expect(states(attack)).toEqual(['REKEYING']);
  await attack.world.pass(100_000);
  expect(states(attack)).toEqual(['INSTALLED']);
  await attack.expectAlive();
});

test('nor does it after kill -9, when nobody can go on with it', async () => {
  const { attack } = await begun({ options: { state_journal: true } });
  await using _ = attack;
  const { gateway, world } = attack;
  gateway.kill();
  gateway.reborn();
  await gateway.start();
  gateway.secret('a secret that nobody guesses');
  for (const config of world.configs.get(gateway) ?? []) await gateway.load(config);
  expect(states(attack)).toEqual(['INSTALLED']);
});
