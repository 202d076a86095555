import { expect, test } from 'vitest';
import type { Clock } from '../../../daemon/contracts/clock.ts';
import { ExpiryWatch } from '../../../daemon/credentials/expiry-watch.ts';
import type { Certificate } from '../../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../../daemon/credentials/x509/decode-certificate.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { buildCertificate, der, nameOf } from '../../support/build-x509.ts';
import { decodeTools } from '../../support/decode-tools.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { timeOf } from '../../support/revocation-pki.ts';

const DAY = 24 * 3_600_000;
const START = new VirtualClock().wallClock();

function certificate(name: string, notAfter: number): Certificate {
  const validity = der.seq(timeOf(START - 400 * DAY), timeOf(notAfter));
  const decoded = decodeCertificate(
    buildCertificate({ subject: nameOf(name), validity }),
    decodeTools,
  );
  if (!decoded.ok) throw new Error(decoded.problem.found);
  return decoded.value;
}

class JumpingClock extends VirtualClock {
  jump = 0;

  override wallClock(): number {
    return super.wallClock() + this.jump;
  }
}

function watching(clock: Clock, own: readonly Certificate[], cas: readonly Certificate[] = []) {
  const log = new MemoryLog();
  const expired: string[] = [];
  const watch = new ExpiryWatch({
    clock,
    logger: log,
    inUse: () => [
      ...own.map((one) => ({ certificate: one, role: 'own' as const })),
      ...cas.map((one) => ({ certificate: one, role: 'ca' as const })),
    ],
    onExpired: ({ fingerprint }) => expired.push(fingerprint),
  });
  return { log, expired, watch };
}

function pass(clock: VirtualClock, days: number): void {
  const end = clock.now() + days * DAY;
  while ((clock.nextDue() ?? Number.POSITIVE_INFINITY) <= end) clock.step();
  clock.skipTo(end);
}

test('a certificate is warned of 30, 7 and 1 days before its end, and when it has come', () => {
  const clock = new VirtualClock();
  const own = certificate('moon', START + 40 * DAY);
  const { log, expired, watch } = watching(clock, [own]);
  watch.start();
  pass(clock, 9);
  expect(log.lines).toEqual([]);
  pass(clock, 32);
  expect(log.lines.map((line) => line.replace(/, on .*| on .*/, ''))).toEqual([
    'certificate "CN=moon" expires in 30 days',
    'certificate "CN=moon" expires in 7 days',
    'certificate "CN=moon" expires in 1 day',
    'certificate "CN=moon" expired',
  ]);
  expect(expired).toEqual([own.fingerprint]);
});

test('what is nearly over is warned of once, not once a threshold', () => {
  const clock = new VirtualClock();
  const { log, watch } = watching(clock, [], [certificate('CA', START + DAY / 2)]);
  watch.check();
  watch.check();
  expect(log.lines).toEqual([
    'CA certificate "CN=CA" expires in less than a day, on Jan 01 12:00:00 UTC 2026',
  ]);
});

test('a jump of the wall clock is noticed within minutes, and one back repeats nothing', () => {
  const clock = new JumpingClock();
  const { log, expired, watch } = watching(clock, [certificate('moon', START + 400 * DAY)]);
  watch.start();
  clock.jump = 395 * DAY;
  pass(clock, 0.01);
  expect(log.lines).toHaveLength(1);
  clock.jump = 0;
  pass(clock, 0.01);
  clock.jump = 395 * DAY;
  pass(clock, 0.01);
  expect(log.lines).toHaveLength(1);
  clock.jump = 500 * DAY;
  pass(clock, 0.01);
  expect(expired).toHaveLength(1);
});

test('a renewed certificate is another one, and what is stopped says nothing', () => {
  const clock = new VirtualClock();
  const own = [certificate('moon', START + 5 * DAY)];
  const { log, watch } = watching(clock, own);
  watch.start();
  own[0] = certificate('moon', START + 25 * DAY);
  pass(clock, 1);
  expect(log.lines).toHaveLength(2);
  watch.stop();
  pass(clock, 30);
  expect(log.lines).toHaveLength(2);
});
