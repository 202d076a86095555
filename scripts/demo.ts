/**
 * The demonstration itself, run by scripts/demo below scripts/lab-run: `demo.ts charon-ts|strongswan`, the product on
 * the second gateway. Exit code 0 when the ping came back and both kernels counted it as ESP.
 */
import { CharonGateway } from '../test/lab/charon-gateway.ts';
import { ourProgram, STRONGSWAN } from '../test/lab/charon-programs.ts';
import type { Host } from '../test/lab/host.ts';
import { ADDRESSES, plan } from '../test/lab/plan.ts';
import { makeSites } from '../test/lab/sites.ts';
import { xfrmStates } from '../test/lab/xfrm.ts';

const peer = process.argv[2] ?? 'charon-ts';
const tunnel = plan();
const { moon: here, sun: there } = { moon: ADDRESSES.moon[4], sun: ADDRESSES.sun[4] };

await using sites = await makeSites('demo');
const moon = new CharonGateway(sites.moon, ourProgram());
const sun = new CharonGateway(sites.sun, peer === 'strongswan' ? STRONGSWAN : ourProgram());

say(`alice ${here.host} -- moon ${here.gateway} (${moon.product}) ==== `);
console.log(`               sun ${there.gateway} (${sun.product}) -- bob ${there.host}`);
await Promise.all([moon.start(tunnel, 'moon'), sun.start(tunnel, 'sun')]);

say('moon: swanctl --initiate --child net');
const initiated = await moon.initiate();
console.log((initiated.stdout + initiated.stderr).trimEnd());

say(`alice: ping ${there.host}`);
const ping = await sites.alice.exec(['ping', '-c', '4', '-i', '0.2', '-W', '2', there.host]);
console.log(ping.stdout.trim());

for (const gateway of [moon, sun]) {
  say(`${gateway.host.name}: swanctl --list-sas`);
  console.log((await gateway.swanctlOk('--list-sas')).trimEnd());
}
const counted = [await printCounters(sites.moon), await printCounters(sites.sun)];

await Promise.all([moon.stop(), sun.stop()]);
const works = initiated.code === 0 && ping.code === 0 && counted.every(Boolean);
if (!works) console.error(`moon's log:\n${moon.log()}\nsun's log:\n${sun.log()}`);
say(works ? 'done: the tunnel carried the ping' : 'FAILED: see above');
process.exitCode = works ? 0 : 1;

async function printCounters(host: Host): Promise<boolean> {
  say(`${host.name}: ip -s xfrm state`);
  const states = await xfrmStates(host);
  for (const { source, destination, spi, bytes, packets } of states) {
    console.log(`esp ${spi} ${source} -> ${destination}: ${bytes} bytes, ${packets} packets`);
  }
  return states.length === 2 && states.every(({ bytes }) => bytes > 0);
}

function say(line: string): void {
  console.log(`\n\u001b[1m${line}\u001b[0m`);
}
