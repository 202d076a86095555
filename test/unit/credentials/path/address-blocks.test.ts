import { describe, expect, test } from 'vitest';
import { AddressBlocks } from '../../../../daemon/credentials/path/address-blocks.ts';
import { toHex } from '../../../../daemon/util/hex.ts';
import { caExtension, issue, type TestEntity } from '../../../support/test-pki.ts';

type Blocks = readonly string[] | 'inherit' | undefined;

function entity(blocks: Blocks, issuer?: TestEntity): TestEntity {
  const extensions = blocks === undefined ? [] : [caExtension.ipv4Blocks(blocks)];
  return issue({
    subject: issuer ? 'below' : 'root',
    ca: true,
    extensions,
    ...(issuer && { issuer }),
  });
}

/** What a chain grants, from the root on; a text is why it is refused. */
function grant(root: Blocks, ...below: readonly Blocks[]): unknown {
  let last = entity(root);
  const blocks = new AddressBlocks(last.certificate);
  for (const one of below) {
    last = entity(one, last);
    const failure = blocks.add(last.certificate);
    if (failure !== undefined) return failure.reason;
  }
  return blocks.spans()?.map(({ from, to }) => `${toHex(from)}-${toHex(to)}`);
}

describe('address blocks, RFC 3779', () => {
  test('lie within those of the issuer', () => {
    expect(grant(['0a'], ['0a01', '0a02'], ['0a0103'])).toEqual(['0a010300-0a0103ff']);
    expect(grant(['0a01', '0a02'], ['0a'])).toContain('outside of those of its issuer');
    expect(grant(['0a01'], ['0a02'])).toContain('outside');
    expect(grant(['0a01', '0a03'], ['0a01', '0a02'])).toContain('outside');
  });

  test('may span neighbours of the issuer', () => {
    expect(grant(['0a00', '0a01', '0a02'], ['0a0001', '0a01ff'])).toEqual([
      '0a000100-0a0001ff',
      '0a01ff00-0a01ffff',
    ]);
  });

  test('are inherited', () => {
    expect(grant(['0a01'], 'inherit', 'inherit')).toEqual(['0a010000-0a01ffff']);
    expect(grant(['0a01'], 'inherit', ['0a02'])).toContain('outside');
  });

  test('of a trust anchor that inherits are none', () => {
    expect(grant('inherit', ['0a01'])).toContain('outside');
  });

  test('are stated by all or by none', () => {
    expect(grant(undefined, undefined)).toBeUndefined();
    expect(grant(undefined, ['0a01'])).toContain('has address blocks, but its issuer does not');
    expect(grant(['0a01'], undefined)).toContain('has no address blocks, but its issuer does');
  });
});
