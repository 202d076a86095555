import { describe, expect, test } from 'vitest';
import { Auditor } from './auditor.ts';
import { credentials } from './credentials-scenario.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { connectionsAndPolicies, poolsAndCpus, theDaemon } from './listing-scenario.ts';
import { itemsOf, loadReference } from './reference.ts';
import { refusals } from './refusals-scenario.ts';
import { fullTunnel, plainTunnel } from './tunnel-scenario.ts';

const reference = loadReference();

const SCENARIOS: Readonly<Record<string, (auditor: Auditor) => Promise<void>>> = {
  'a tunnel with everything there is': fullTunnel,
  'a tunnel with a NAT that is none': plainTunnel,
  'credentials of every kind': credentials,
  'connections and policies': connectionsAndPolicies,
  'the daemon itself, and SAs by name and number': theDaemon,
  'pools, leases and CPUs': poolsAndCpus,
  'everything that is refused': refusals,
};

describe('live daemons against the reference of VICI', () => {
  const auditor = new Auditor(reference);
  const ran = new Set<string>();
  const run = async (name: string): Promise<void> => {
    ran.add(name);
    await SCENARIOS[name]?.(auditor);
  };

  test.each(Object.keys(SCENARIOS))('%s: keys, types, formats and order', async (name) => {
    await run(name);
    expect(auditor.wrong).toEqual([]);
  });

  test('nothing of the reference was left out', async () => {
    // Where only this test is asked for.
    for (const name of Object.keys(SCENARIOS)) if (!ran.has(name)) await run(name);
    const items = itemsOf(reference);
    const missing = auditor.missing(items);
    const excused = (item: string): boolean => EXCEPTIONS.some(([pattern]) => pattern.test(item));
    expect(missing.filter((item) => !excused(item))).toEqual([]);
    // An exception for something that is there is out of date.
    expect(items.filter((item) => !missing.includes(item) && excused(item))).toEqual([]);
    const lines = EXCEPTIONS.map(([pattern, why]) => {
      const count = items.filter((item) => pattern.test(item)).length;
      expect(count, `${pattern} is about nothing`).toBeGreaterThan(0);
      return `${count} of ${pattern.source}: ${why}`;
    });
    console.info(
      [`VICI: ${items.length - missing.length} of ${items.length} items, but not`, ...lines].join(
        '\n  ',
      ),
    );
  });
});
