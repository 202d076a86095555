import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KEY_STATUS, type SectionLevel } from '../../../daemon/config/feature-status.ts';
import { KEY_DOCS } from '../../../daemon/config/key-docs.ts';
import { FAILURES } from '../../../daemon/ike/attempts/failure.ts';
import { COMMANDS } from '../../../daemon/vici/commands/table.ts';
import { GLOBAL_EVENTS } from '../../../daemon/vici/events/global.ts';
import { STREAMED_EVENTS } from '../../../daemon/vici/events/streamed.ts';
import { COMMAND_SCHEMAS } from '../../../daemon/vici/schema/commands.ts';
import { EVENT_SCHEMAS } from '../../../daemon/vici/schema/events.ts';
import { FAILURE_KINDS } from '../../../daemon/vici/schema/explanation.ts';
import { sessionSources } from '../../../scripts/lib/session-source.ts';

const FOLDER = 'daemon/vici/generated/';

describe('the generated part of the client', () => {
  test('is what the schema says: otherwise run scripts/gen-session.ts', () => {
    const sources = sessionSources();
    expect(readdirSync(FOLDER).map((file) => FOLDER + file)).toEqual(
      [...sources.keys()].toSorted(),
    );
    for (const [path, text] of sources) expect(readFileSync(path, 'utf8'), path).toBe(text);
  });

  test('knows every command and event that the server knows, and no other', () => {
    const names = (schemas: readonly { readonly name: string }[]): readonly string[] =>
      schemas.map(({ name }) => name).toSorted();
    expect(names(COMMAND_SCHEMAS)).toEqual(names(COMMANDS));
    const events = [...STREAMED_EVENTS, ...GLOBAL_EVENTS.map(({ name }) => name)];
    expect(names(EVENT_SCHEMAS)).toEqual(events.toSorted());
    const global = EVENT_SCHEMAS.filter(({ scope }) => scope === 'global');
    expect(names(global)).toEqual(names(GLOBAL_EVENTS));
    const streamed = COMMAND_SCHEMAS.flatMap(({ stream }) => stream ?? []);
    expect([...STREAMED_EVENTS].toSorted()).toEqual([...new Set(streamed)].toSorted());
  });

  test('knows every kind of failure', () => {
    expect(FAILURE_KINDS).toEqual(Object.keys(FAILURES));
  });

  test.each(Object.keys(KEY_STATUS))('every key of a %s section is explained', (level) => {
    const keys = [...KEY_STATUS[level as SectionLevel].keys()];
    const docs = KEY_DOCS[level as SectionLevel];
    expect(Object.keys(docs).toSorted()).toEqual(keys.toSorted());
    for (const key of keys) {
      const { type, doc, fallback } = docs[key] ?? { type: 'text', doc: '', fallback: '' };
      expect(doc, key).toMatch(/^[A-Z].*\.$/s);
      const isList = KEY_STATUS[level as SectionLevel].get(key)?.form === 'list';
      expect(type === 'texts' || type === 'blobs', key).toBe(isList);
      if (typeof type !== 'string') expect([...type, ''], key).toContain(fallback);
    }
  });
});
