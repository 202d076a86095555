import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfNode } from '../../../daemon/config/conf-tree.ts';
import type { Option } from '../../../daemon/config/option-kinds.ts';
import { OPTIONS } from '../../../daemon/config/options.ts';
import { resolveOptions } from '../../../daemon/config/resolve-options.ts';
import { parseConfText } from '../../../daemon/config/strongswan-conf.ts';
import { isSilent } from '../../../daemon/config/unsupported-options.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { SHOWN } from './option-effects.ts';

interface ReferenceOption {
  readonly name: string;
  readonly default: string;
  readonly rating: 'must' | 'should' | 'no';
}

/** strongSwan's options with their defaults, and whether an IKEv2 daemon is to have them. */
const REFERENCE: readonly ReferenceOption[] = JSON.parse(
  readFileSync('test/vectors/options/strongswan-options.json', 'utf8'),
);
const TABLE = new Map<string, Option<unknown>>(Object.entries(OPTIONS));

/** What has no use before EAP has: known, checked, and answered with a warning. */
const OF_EAP = /^(force_eap_only_authentication$|tls\.|plugins\.eap-)/;

/** Defaults that differ from strongSwan's, and why. */
const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  init_limit_half_open: 'strongSwan has no limit',
  'plugins.vici.socket': 'there is no piddir',
};

/** What is said when an option is set. */
function warningsOf(name: string, value: string): readonly string[] {
  const [key = '', ...sections] = name.split('.').reverse();
  const text = sections.reduce((inner, section) => `${section} { ${inner} }`, `${key} = ${value}`);
  const conf = parseConfText(`charon { ${text} }`, '/s.conf', new MemoryFiles({}));
  return resolveOptions(ConfNode.of(conf)).warnings;
}

const isSection = (name: string): boolean => /^(filelog|syslog|journal)\./.test(name);

describe('every option', () => {
  test.each([...TABLE].filter(([, { effect }]) => effect !== 'later').map(([name]) => name))(
    '%s: its effect is shown by a test',
    (name) => {
      expect(SHOWN).toHaveProperty([name]);
    },
  );

  test('that is not in effect belongs to EAP, and setting it is answered with a warning', () => {
    const later = [...TABLE].filter(([, { effect }]) => effect === 'later');
    expect(later.map(([name]) => name).filter((name) => !OF_EAP.test(name))).toEqual([]);
    expect(Object.keys(SHOWN).filter((name) => OF_EAP.test(name))).toEqual([]);
    for (const [name, { parse, default: usual }] of later) {
      const other = ['yes', 'no', '77', '1.3', 'x'].find(
        (text) => parse(text) !== undefined && parse(text) !== usual,
      );
      expect([name, warningsOf(name, other ?? '')]).toEqual([
        name,
        [expect.stringContaining('is not yet in effect')],
      ]);
    }
  });
});

describe('every option of strongSwan', () => {
  test('is in the reference once, and there are many', () => {
    expect(new Set(REFERENCE.map(({ name }) => name)).size).toBe(REFERENCE.length);
    expect(REFERENCE.length).toBeGreaterThan(190);
  });

  test.each(REFERENCE.filter(({ rating }) => rating !== 'no'))(
    '$name ($rating) is shown to take effect, or belongs to EAP',
    ({ name }) => {
      if (OF_EAP.test(name)) expect(TABLE.get(name)?.effect).toBe('later');
      else expect(SHOWN).toHaveProperty([name]);
    },
  );

  test.each(REFERENCE.filter(({ name }) => TABLE.has(name)))(
    '$name has its default, $default',
    ({ name, default: theirs }) => {
      const option = TABLE.get(name);
      const inherited = `charon.${option?.inherits}`;
      if (name in OTHER_DEFAULTS || theirs === inherited) return;
      const value = theirs === '(none)' ? theirs : option?.parse(theirs);
      expect(theirs === '(none)' ? option?.defaultText : option?.default).toEqual(
        theirs === '(none)' && option?.defaultText === '0' ? '0' : value,
      );
    },
  );

  test('without a meaning here is told apart from a misspelt name', () => {
    for (const { name, rating } of REFERENCE) {
      if (TABLE.has(name) || isSection(name) || name in SHOWN) continue;
      // Those that packaged files set to say nothing are passed over in silence.
      const warnings = warningsOf(name, '1');
      if (warnings.length === 0 && isSilent(name)) continue;
      expect([name, rating, warnings]).toEqual([
        name,
        'no',
        [expect.stringContaining('has no meaning in this daemon')],
      ]);
    }
  });
});

test.each(Object.entries(SHOWN))('%s: that test exists', (_, [file, title]) => {
  const source = readFileSync(`test/${file}`, 'utf8');
  expect(title.length).toBeGreaterThan(5);
  expect(source).toMatch(new RegExp(`['"\`]${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`));
});
