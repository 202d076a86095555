import { describe, expect, test } from 'vitest';
import { pkitsSections } from './table.ts';
import { PkitsWorld } from './world.ts';

const world = new PkitsWorld();

/** Where we do not do as the document says, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  '4.1.4': 'DSA has no place in IKEv2 chains (FIPS 186-5 withdrew it): such keys are refused',
  '4.1.5': 'DSA, as in 4.1.4',
};

describe.each(pkitsSections)('PKITS $title', ({ cases }) => {
  test.each(cases)('$id $name', async ({ id, name, input, valid, validPath }) => {
    const path = await world.path(`${name}EE`, input);
    if (id in exceptions) {
      expect(path).toContain('unsupported kind');
      return;
    }
    if (typeof path === 'string') {
      expect({ path, validPath }).toEqual({ path, validPath: false });
      return;
    }
    expect(validPath).toBe(true);
    const revoked = await world.revocation(path);
    if (valid) expect(revoked).toBeUndefined();
    else expect(revoked).toBeDefined();
  });
});
