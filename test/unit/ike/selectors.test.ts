import { expect, test } from 'vitest';
import { chooseChild } from '../../../daemon/ike/selectors.ts';
import type { TrafficSelector } from '../../../daemon/proto/traffic-selector.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';

function child(name: string, local: string, remote = '10.2.0.0/16') {
  const fixed = (text: string) => [{ kind: 'fixed' as const, selector: ts(text) }];
  return childConfig(name, { localTs: fixed(local), remoteTs: fixed(remote) });
}

function choose(
  children: readonly ReturnType<typeof child>[],
  local: readonly TrafficSelector[],
  remote: readonly TrafficSelector[] = [ts('10.2.0.0/16')],
): string | undefined {
  const [here, there] = [[ip('192.0.2.1')], [ip('192.0.2.2')]];
  return chooseChild(children, here, there, { local, remote })?.child.name;
}

const part = child('part', '10.1.5.0/24');
const whole = child('whole', '10.1.0.0/16');
const all = child('all', '0.0.0.0/0');

test('equal selectors go before narrowed ones, whatever the order', () => {
  for (const children of [
    [part, whole, all],
    [all, part, whole],
  ]) {
    expect(choose(children, [ts('10.1.0.0/16')])).toBe('whole');
    expect(choose(children, [ts('10.1.5.0/24')])).toBe('part');
    expect(choose(children, [ts('0.0.0.0/0')])).toBe('all');
  }
});

test('the selectors of a packet in front of the others do not count as narrowing', () => {
  expect(choose([part, whole], [ts('10.1.5.7/32'), ts('10.1.0.0/16')])).toBe('whole');
});

test('among narrowed ones the first in order is taken, and one side that is equal counts', () => {
  expect(choose([part, all], [ts('10.1.0.0/16')])).toBe('part');
  expect(choose([all, part], [ts('10.1.0.0/16')])).toBe('all');
  const wider = child('wider', '10.1.5.0/24', '10.0.0.0/8');
  expect(choose([wider, part], [ts('10.1.0.0/16')])).toBe('part');
});

test('without anything in common there is none', () => {
  expect(choose([part], [ts('10.1.6.0/24')])).toBeUndefined();
  expect(choose([part], [ts('10.1.5.0/24')], [ts('10.3.0.0/16')])).toBeUndefined();
});
