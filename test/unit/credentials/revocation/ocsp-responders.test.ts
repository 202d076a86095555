import { expect, test } from 'vitest';
import { OcspResponders } from '../../../../daemon/credentials/revocation/ocsp-responders.ts';
import type { Certificate } from '../../../../daemon/credentials/x509/certificate.ts';
import { decodeOcspResponse } from '../../../../daemon/credentials/x509/decode-ocsp.ts';
import { RevocationBench } from '../../../support/revocation-bench.ts';
import { ext, pkiTools } from '../../../support/revocation-pki.ts';

/** Who signed a response of a delegated responder whose certificate differs in something; every signature is right. */
async function signerWith(changes: (certificate: Certificate) => Partial<Certificate>) {
  const bench = new RevocationBench();
  const responder = bench.root.issue('responder', 9, bench.now, [ext.ocspSigning()]);
  const answers = [{ serial: 7, status: 'good' as const, thisUpdate: bench.now }];
  const der = responder.respond(bench.root, { producedAt: bench.now, answers });
  const response = decodeOcspResponse(der, pkiTools);
  if (!response.ok) throw new Error(response.problem.found);
  const responders = new OcspResponders({
    clock: bench.clock,
    source: () => ({
      crlsOf: () => [],
      ocspResponses: () => [],
      bySubject: () => [],
      byKeyId: () => [],
    }),
    signatures: { verify: () => Promise.resolve(true) },
    isRevoked: () => Promise.resolve(false),
  });
  const certificate = { ...responder.certificate, ...changes(responder.certificate) };
  return responders.signerOf(
    { ...response.value, certificates: [certificate] },
    bench.root.certificate,
  );
}

test('a responder of the CA may sign', async () => {
  expect(await signerWith(() => ({}))).toMatchObject({ ok: true });
});

test('a certificate of a responder is no weaker than those of a chain', async () => {
  const scheme = { kind: 'rsa-pkcs1', hash: 'sha1' } as const;
  expect(await signerWith(() => ({ scheme }))).toEqual({
    ok: false,
    reason: expect.stringContaining('SHA-1'),
  });
  const smallExponent = ({ publicKey }: Certificate) =>
    publicKey === undefined
      ? {}
      : { publicKey: { ...publicKey, type: { kind: 'rsa', bits: 2048 } as const, exponent: 3n } };
  expect(await signerWith(smallExponent)).toEqual({
    ok: false,
    reason: expect.stringContaining('exponent 3'),
  });
});
