import { describe, expect, test } from 'vitest';
import { ANY_POLICY, PolicyGraph } from '../../../../daemon/credentials/path/policy-graph.ts';

const all = Array.from({ length: 50 }, (_, i) => `1.2.${i}`);

function policies(graph: PolicyGraph): readonly string[] {
  return [...graph.authorityPolicies()].sort();
}

describe('policy graph, RFC 9618', () => {
  test('any policy is valid before the first certificate', () => {
    expect(policies(new PolicyGraph())).toEqual([ANY_POLICY]);
  });

  test('what every certificate states is valid', () => {
    const graph = new PolicyGraph();
    graph.addCertificate(['1.2.1', '1.2.2'], true);
    graph.addCertificate(['1.2.2', '1.2.3'], true);
    expect(policies(graph)).toEqual(['1.2.2']);
    graph.addCertificate([ANY_POLICY], true);
    expect(policies(graph)).toEqual(['1.2.2']);
    graph.addCertificate(['1.2.3'], true);
    expect(graph.empty).toBe(true);
    expect(policies(graph)).toEqual([]);
  });

  test('without policies nothing is valid any more', () => {
    const graph = new PolicyGraph();
    graph.addCertificate(undefined, true);
    graph.addCertificate([ANY_POLICY], true);
    expect(policies(graph)).toEqual([]);
  });

  test('any policy counts only where it is allowed', () => {
    const graph = new PolicyGraph();
    graph.addCertificate([ANY_POLICY, '1.2.1'], false);
    expect(policies(graph)).toEqual(['1.2.1']);
  });

  test('mapped policies are named as the trust anchor names them', () => {
    const graph = new PolicyGraph();
    graph.addCertificate(['1.2.1'], true);
    graph.addMappings([{ issuer: '1.2.1', subject: '1.2.9' }], true);
    graph.addCertificate(['1.2.9'], true);
    expect(policies(graph)).toEqual(['1.2.1']);
  });

  test('a policy that is mapped away is no longer valid under its old name', () => {
    const graph = new PolicyGraph();
    graph.addCertificate(['1.2.1'], true);
    graph.addMappings([{ issuer: '1.2.1', subject: '1.2.9' }], true);
    graph.addCertificate(['1.2.1'], true);
    expect(graph.empty).toBe(true);
  });

  test('where mapping is inhibited, what is mapped is not valid', () => {
    const graph = new PolicyGraph();
    graph.addCertificate(['1.2.1', '1.2.2'], true);
    graph.addMappings([{ issuer: '1.2.1', subject: '1.2.9' }], false);
    graph.addCertificate(['1.2.1', '1.2.2', '1.2.9'], true);
    expect(policies(graph)).toEqual(['1.2.2']);
  });

  // The tree of RFC 5280 would have 50^20 leaves.
  test('SEC-54: mapping everything to everything again and again stays small', () => {
    const graph = new PolicyGraph();
    const everything = all.flatMap((issuer) => all.map((subject) => ({ issuer, subject })));
    for (let i = 0; i < 20; i++) {
      graph.addCertificate(all, true);
      graph.addMappings(everything, true);
    }
    graph.addCertificate(['1.2.7'], true);
    expect(policies(graph)).toEqual([...all].sort());
  });
});
