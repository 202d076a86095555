import {
  ANY_POLICY_INPUT,
  type PolicyInput,
} from '../../../daemon/credentials/path/validate-path.ts';

/**
 * The tests of NIST's Public Key Interoperability Test Suite 1.0.1, section by section: the names of the end entity certificates without
 * `EE`, whose numbers are those of the tests.
 */
const sections: readonly (readonly [section: string, title: string, names: readonly string[]])[] = [
  [
    '4.1',
    'signature verification',
    [
      'ValidCertificatePathTest1',
      'InvalidCASignatureTest2',
      'InvalidEESignatureTest3',
      'ValidDSASignaturesTest4',
      'ValidDSAParameterInheritanceTest5',
      'InvalidDSASignatureTest6',
    ],
  ],
  [
    '4.2',
    'validity periods',
    [
      'InvalidCAnotBeforeDateTest1',
      'InvalidEEnotBeforeDateTest2',
      'Validpre2000UTCnotBeforeDateTest3',
      'ValidGeneralizedTimenotBeforeDateTest4',
      'InvalidCAnotAfterDateTest5',
      'InvalidEEnotAfterDateTest6',
      'Invalidpre2000UTCEEnotAfterDateTest7',
      'ValidGeneralizedTimenotAfterDateTest8',
    ],
  ],
  [
    '4.3',
    'name chaining',
    [
      'InvalidNameChainingTest1',
      'InvalidNameChainingOrderTest2',
      'ValidNameChainingWhitespaceTest3',
      'ValidNameChainingWhitespaceTest4',
      'ValidNameChainingCapitalizationTest5',
      'ValidNameUIDsTest6',
      'ValidRFC3280MandatoryAttributeTypesTest7',
      'ValidRFC3280OptionalAttributeTypesTest8',
      'ValidUTF8StringEncodedNamesTest9',
      'ValidRolloverfromPrintableStringtoUTF8StringTest10',
      'ValidUTF8StringCaseInsensitiveMatchTest11',
    ],
  ],
  [
    '4.4',
    'basic revocation',
    [
      'InvalidMissingCRLTest1',
      'InvalidRevokedCATest2',
      'InvalidRevokedEETest3',
      'InvalidBadCRLSignatureTest4',
      'InvalidBadCRLIssuerNameTest5',
      'InvalidWrongCRLTest6',
      'ValidTwoCRLsTest7',
      'InvalidUnknownCRLEntryExtensionTest8',
      'InvalidUnknownCRLExtensionTest9',
      'InvalidUnknownCRLExtensionTest10',
      'InvalidOldCRLnextUpdateTest11',
      'Invalidpre2000CRLnextUpdateTest12',
      'ValidGeneralizedTimeCRLnextUpdateTest13',
      'ValidNegativeSerialNumberTest14',
      'InvalidNegativeSerialNumberTest15',
      'ValidLongSerialNumberTest16',
      'ValidLongSerialNumberTest17',
      'InvalidLongSerialNumberTest18',
      'ValidSeparateCertificateandCRLKeysTest19',
      'InvalidSeparateCertificateandCRLKeysTest20',
      'InvalidSeparateCertificateandCRLKeysTest21',
    ],
  ],
  [
    '4.5',
    'self-issued certificates',
    [
      'ValidBasicSelfIssuedOldWithNewTest1',
      'InvalidBasicSelfIssuedOldWithNewTest2',
      'ValidBasicSelfIssuedNewWithOldTest3',
      'ValidBasicSelfIssuedNewWithOldTest4',
      'InvalidBasicSelfIssuedNewWithOldTest5',
      'ValidBasicSelfIssuedCRLSigningKeyTest6',
      'InvalidBasicSelfIssuedCRLSigningKeyTest7',
      'InvalidBasicSelfIssuedCRLSigningKeyTest8',
    ],
  ],
  [
    '4.6',
    'basic constraints',
    [
      'InvalidMissingbasicConstraintsTest1',
      'InvalidcAFalseTest2',
      'InvalidcAFalseTest3',
      'ValidbasicConstraintsNotCriticalTest4',
      'InvalidpathLenConstraintTest5',
      'InvalidpathLenConstraintTest6',
      'ValidpathLenConstraintTest7',
      'ValidpathLenConstraintTest8',
      'InvalidpathLenConstraintTest9',
      'InvalidpathLenConstraintTest10',
      'InvalidpathLenConstraintTest11',
      'InvalidpathLenConstraintTest12',
      'ValidpathLenConstraintTest13',
      'ValidpathLenConstraintTest14',
      'ValidSelfIssuedpathLenConstraintTest15',
      'InvalidSelfIssuedpathLenConstraintTest16',
      'ValidSelfIssuedpathLenConstraintTest17',
    ],
  ],
  [
    '4.7',
    'key usage',
    [
      'InvalidkeyUsageCriticalkeyCertSignFalseTest1',
      'InvalidkeyUsageNotCriticalkeyCertSignFalseTest2',
      'ValidkeyUsageNotCriticalTest3',
      'InvalidkeyUsageCriticalcRLSignFalseTest4',
      'InvalidkeyUsageNotCriticalcRLSignFalseTest5',
    ],
  ],
  [
    '4.8',
    'certificate policies',
    [
      'ValidCertificatePathTest1',
      'AllCertificatesNoPoliciesTest2',
      'DifferentPoliciesTest3',
      'DifferentPoliciesTest4',
      'DifferentPoliciesTest5',
      'OverlappingPoliciesTest6',
      'DifferentPoliciesTest7',
      'DifferentPoliciesTest8',
      'DifferentPoliciesTest9',
      'AllCertificatesSamePoliciesTest10',
      'AllCertificatesanyPolicyTest11',
      'DifferentPoliciesTest12',
      'AllCertificatesSamePoliciesTest13',
      'AnyPolicyTest14',
      'UserNoticeQualifierTest15',
      'UserNoticeQualifierTest16',
      'UserNoticeQualifierTest17',
      'UserNoticeQualifierTest18',
      'UserNoticeQualifierTest19',
      'CPSPointerQualifierTest20',
    ],
  ],
  [
    '4.9',
    'require explicit policy',
    [
      'ValidrequireExplicitPolicyTest1',
      'ValidrequireExplicitPolicyTest2',
      'InvalidrequireExplicitPolicyTest3',
      'ValidrequireExplicitPolicyTest4',
      'InvalidrequireExplicitPolicyTest5',
      'ValidSelfIssuedrequireExplicitPolicyTest6',
      'InvalidSelfIssuedrequireExplicitPolicyTest7',
      'InvalidSelfIssuedrequireExplicitPolicyTest8',
    ],
  ],
  [
    '4.10',
    'policy mappings',
    [
      'ValidPolicyMappingTest1',
      'InvalidPolicyMappingTest2',
      'ValidPolicyMappingTest3',
      'InvalidPolicyMappingTest4',
      'ValidPolicyMappingTest5',
      'ValidPolicyMappingTest6',
      'InvalidMappingFromanyPolicyTest7',
      'InvalidMappingToanyPolicyTest8',
      'ValidPolicyMappingTest9',
      'InvalidPolicyMappingTest10',
      'ValidPolicyMappingTest11',
      'ValidPolicyMappingTest12',
      'ValidPolicyMappingTest13',
      'ValidPolicyMappingTest14',
    ],
  ],
  [
    '4.11',
    'inhibit policy mapping',
    [
      'InvalidinhibitPolicyMappingTest1',
      'ValidinhibitPolicyMappingTest2',
      'InvalidinhibitPolicyMappingTest3',
      'ValidinhibitPolicyMappingTest4',
      'InvalidinhibitPolicyMappingTest5',
      'InvalidinhibitPolicyMappingTest6',
      'ValidSelfIssuedinhibitPolicyMappingTest7',
      'InvalidSelfIssuedinhibitPolicyMappingTest8',
      'InvalidSelfIssuedinhibitPolicyMappingTest9',
      'InvalidSelfIssuedinhibitPolicyMappingTest10',
      'InvalidSelfIssuedinhibitPolicyMappingTest11',
    ],
  ],
  [
    '4.12',
    'inhibit any policy',
    [
      'InvalidinhibitAnyPolicyTest1',
      'ValidinhibitAnyPolicyTest2',
      'inhibitAnyPolicyTest3',
      'InvalidinhibitAnyPolicyTest4',
      'InvalidinhibitAnyPolicyTest5',
      'InvalidinhibitAnyPolicyTest6',
      'ValidSelfIssuedinhibitAnyPolicyTest7',
      'InvalidSelfIssuedinhibitAnyPolicyTest8',
      'ValidSelfIssuedinhibitAnyPolicyTest9',
      'InvalidSelfIssuedinhibitAnyPolicyTest10',
    ],
  ],
  [
    '4.13',
    'name constraints',
    [
      'ValidDNnameConstraintsTest1',
      'InvalidDNnameConstraintsTest2',
      'InvalidDNnameConstraintsTest3',
      'ValidDNnameConstraintsTest4',
      'ValidDNnameConstraintsTest5',
      'ValidDNnameConstraintsTest6',
      'InvalidDNnameConstraintsTest7',
      'InvalidDNnameConstraintsTest8',
      'InvalidDNnameConstraintsTest9',
      'InvalidDNnameConstraintsTest10',
      'ValidDNnameConstraintsTest11',
      'InvalidDNnameConstraintsTest12',
      'InvalidDNnameConstraintsTest13',
      'ValidDNnameConstraintsTest14',
      'InvalidDNnameConstraintsTest15',
      'InvalidDNnameConstraintsTest16',
      'InvalidDNnameConstraintsTest17',
      'ValidDNnameConstraintsTest18',
      'ValidDNnameConstraintsTest19',
      'InvalidDNnameConstraintsTest20',
      'ValidRFC822nameConstraintsTest21',
      'InvalidRFC822nameConstraintsTest22',
      'ValidRFC822nameConstraintsTest23',
      'InvalidRFC822nameConstraintsTest24',
      'ValidRFC822nameConstraintsTest25',
      'InvalidRFC822nameConstraintsTest26',
      'ValidDNandRFC822nameConstraintsTest27',
      'InvalidDNandRFC822nameConstraintsTest28',
      'InvalidDNandRFC822nameConstraintsTest29',
      'ValidDNSnameConstraintsTest30',
      'InvalidDNSnameConstraintsTest31',
      'ValidDNSnameConstraintsTest32',
      'InvalidDNSnameConstraintsTest33',
      'ValidURInameConstraintsTest34',
      'InvalidURInameConstraintsTest35',
      'ValidURInameConstraintsTest36',
      'InvalidURInameConstraintsTest37',
      'InvalidDNSnameConstraintsTest38',
    ],
  ],
  [
    '4.14',
    'distribution points',
    [
      'ValiddistributionPointTest1',
      'InvaliddistributionPointTest2',
      'InvaliddistributionPointTest3',
      'ValiddistributionPointTest4',
      'ValiddistributionPointTest5',
      'InvaliddistributionPointTest6',
      'ValiddistributionPointTest7',
      'InvaliddistributionPointTest8',
      'InvaliddistributionPointTest9',
      'ValidNoissuingDistributionPointTest10',
      'InvalidonlyContainsUserCertsTest11',
      'InvalidonlyContainsCACertsTest12',
      'ValidonlyContainsCACertsTest13',
      'InvalidonlyContainsAttributeCertsTest14',
      'InvalidonlySomeReasonsTest15',
      'InvalidonlySomeReasonsTest16',
      'InvalidonlySomeReasonsTest17',
      'ValidonlySomeReasonsTest18',
      'ValidonlySomeReasonsTest19',
      'InvalidonlySomeReasonsTest20',
      'InvalidonlySomeReasonsTest21',
      'ValidIDPwithindirectCRLTest22',
      'InvalidIDPwithindirectCRLTest23',
      'ValidIDPwithindirectCRLTest24',
      'ValidIDPwithindirectCRLTest25',
      'InvalidIDPwithindirectCRLTest26',
      'InvalidcRLIssuerTest27',
      'ValidcRLIssuerTest28',
      'ValidcRLIssuerTest29',
      'ValidcRLIssuerTest30',
      'InvalidcRLIssuerTest31',
      'InvalidcRLIssuerTest32',
      'ValidcRLIssuerTest33',
      'InvalidcRLIssuerTest34',
      'InvalidcRLIssuerTest35',
    ],
  ],
  [
    '4.15',
    'delta CRLs',
    [
      'InvaliddeltaCRLIndicatorNoBaseTest1',
      'ValiddeltaCRLTest2',
      'InvaliddeltaCRLTest3',
      'InvaliddeltaCRLTest4',
      'ValiddeltaCRLTest5',
      'InvaliddeltaCRLTest6',
      'ValiddeltaCRLTest7',
      'ValiddeltaCRLTest8',
      'InvaliddeltaCRLTest9',
      'InvaliddeltaCRLTest10',
    ],
  ],
  [
    '4.16',
    'private extensions',
    [
      'ValidUnknownNotCriticalCertificateExtensionTest1',
      'InvalidUnknownCriticalCertificateExtensionTest2',
    ],
  ],
];

/** NIST-test-policy-1 and so on. */
const policy = (number: number): string => `2.16.840.1.101.3.2.1.48.${number}`;

interface Variant {
  readonly input: PolicyInput;
  readonly valid: boolean;
}

const wanting = (valid: boolean, ...numbers: readonly number[]): Variant => ({
  input: { ...ANY_POLICY_INPUT, requireExplicit: true, policies: numbers.map(policy) },
  valid,
});
const byDefault = (valid: boolean): Variant => ({ input: ANY_POLICY_INPUT, valid });
const explicit = (valid: boolean): Variant => wanting(valid);
const noMapping = (valid: boolean): Variant => ({
  input: { ...ANY_POLICY_INPUT, inhibitMapping: true },
  valid,
});
const noAny = (valid: boolean): Variant => ({
  input: { ...ANY_POLICY_INPUT, inhibitAny: true },
  valid,
});

/** Tests whose document gives several inputs, in its order; the others have default inputs and their result in their name. */
const variants: Readonly<Record<string, readonly Variant[]>> = {
  '4.8.1': [explicit(true), wanting(true, 1), wanting(false, 2), wanting(true, 1, 2)],
  '4.8.2': [byDefault(true), explicit(false)],
  '4.8.3': [byDefault(true), explicit(false), wanting(false, 1, 2)],
  '4.8.4': [byDefault(false)],
  '4.8.5': [byDefault(false)],
  '4.8.6': [byDefault(true), wanting(true, 1), wanting(false, 2)],
  '4.8.7': [byDefault(false)],
  '4.8.8': [byDefault(false)],
  '4.8.9': [byDefault(false)],
  '4.8.10': [byDefault(true), wanting(true, 1), wanting(true, 2)],
  '4.8.11': [byDefault(true), wanting(true, 1)],
  '4.8.12': [byDefault(false)],
  '4.8.13': [wanting(true, 1), wanting(true, 2), wanting(true, 3)],
  '4.8.14': [wanting(true, 1), wanting(false, 2)],
  '4.8.15': [byDefault(true)],
  '4.8.16': [byDefault(true)],
  '4.8.17': [byDefault(true)],
  '4.8.18': [wanting(true, 1), wanting(true, 2)],
  '4.8.19': [byDefault(true)],
  '4.8.20': [byDefault(true)],
  '4.10.1': [wanting(true, 1), wanting(false, 2), noMapping(false)],
  '4.10.2': [byDefault(false), noMapping(false)],
  '4.10.3': [wanting(false, 1), wanting(true, 2)],
  '4.10.5': [wanting(true, 1), wanting(false, 6)],
  '4.10.6': [wanting(true, 1), wanting(false, 6)],
  '4.10.12': [wanting(true, 1), wanting(true, 2)],
  '4.12.3': [byDefault(true), noAny(false)],
};

/** Tests whose path is valid; only what is revoked, or that nobody says so, makes them fail. */
const decidedByRevocation: Readonly<Record<string, readonly number[]>> = {
  '4.4': [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 15, 18, 20, 21],
  '4.5': [2, 5, 7],
  '4.7': [4, 5],
  '4.14': [2, 3, 6, 8, 9, 11, 12, 14, 15, 16, 17, 20, 21, 23, 26, 27, 31, 32, 34, 35],
  '4.15': [1, 3, 4, 6, 9, 10],
};

/** One test with one input. */
export interface PkitsCase {
  /** As in the document, with the number of the input as its last part if there are several. */
  readonly id: string;
  readonly section: string;
  readonly name: string;
  readonly input: PolicyInput;
  readonly valid: boolean;
  /** Whether the path would be valid if revocation were not asked for. */
  readonly validPath: boolean;
}

/** All of them, by section. */
export const pkitsSections: readonly {
  readonly title: string;
  readonly cases: readonly PkitsCase[];
}[] = sections.map(([section, title, names]) => ({
  title: `${section} ${title}`,
  cases: names.flatMap((name) => {
    const id = `${section}.${numberOf(name)}`;
    const all = variants[id] ?? [byDefault(name.startsWith('Valid'))];
    return all.map(({ input, valid }, i) => ({
      id: all.length === 1 ? id : `${id}.${i + 1}`,
      section,
      name,
      input,
      valid,
      validPath: valid || decidedByRevocation[section]?.includes(numberOf(name)) === true,
    }));
  }),
}));

function numberOf(name: string): number {
  return Number(/Test(\d+)$/.exec(name)?.[1]);
}
