import { PayloadType } from '../../proto/iana/payload-types.ts';
import type { Payload } from '../../proto/payload.ts';
import { assertNever } from '../../util/assert.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { authBody } from './auth.ts';
import { certBody } from './cert.ts';
import { certreqBody } from './certreq.ts';
import { cpBody } from './cp.ts';
import { deleteBody } from './delete.ts';
import { eapBody } from './eap.ts';
import { idBody } from './id.ts';
import { keBody } from './ke.ts';
import { nonceBody } from './nonce.ts';
import { notifyBody } from './notify.ts';
import { saBody } from './sa.ts';
import { tsBody } from './ts.ts';
import { unknownPayload } from './unknown.ts';
import { vendorBody } from './vendor.ts';

/** Short name of each payload type that has a body codec, as errors print it. */
const bodyNames: ReadonlyMap<number, string> = new Map([
  [PayloadType.SA, 'SA'],
  [PayloadType.KE, 'KE'],
  [PayloadType.IDi, 'IDi'],
  [PayloadType.IDr, 'IDr'],
  [PayloadType.CERT, 'CERT'],
  [PayloadType.CERTREQ, 'CERTREQ'],
  [PayloadType.AUTH, 'AUTH'],
  [PayloadType.NONCE, 'Nonce'],
  [PayloadType.NOTIFY, 'Notify'],
  [PayloadType.DELETE, 'Delete'],
  [PayloadType.VENDOR, 'Vendor'],
  [PayloadType.TSi, 'TSi'],
  [PayloadType.TSr, 'TSr'],
  [PayloadType.CP, 'CP'],
  [PayloadType.EAP, 'EAP'],
]);

/** The name a body of this type has in errors. */
export function bodyName(type: number): string {
  return bodyNames.get(type) ?? `(${type})`;
}

/** Reads the body of a payload of any type, and all of it. */
export function readBody(type: number, critical: boolean, reader: Reader): Payload {
  const payload = readKnownBody(type, reader);
  if (payload === undefined) return unknownPayload(type, critical, reader.rest());
  reader.expectEnd();
  return payload;
}

function readKnownBody(type: number, reader: Reader): Payload | undefined {
  switch (type) {
    case PayloadType.SA:
      return { kind: 'SA', proposals: saBody.read(reader) };
    case PayloadType.KE:
      return { kind: 'KE', ...keBody.read(reader) };
    case PayloadType.IDi:
      return { kind: 'IDi', identity: idBody.read(reader) };
    case PayloadType.IDr:
      return { kind: 'IDr', identity: idBody.read(reader) };
    case PayloadType.CERT:
      return { kind: 'CERT', ...certBody.read(reader) };
    case PayloadType.CERTREQ:
      return { kind: 'CERTREQ', ...certreqBody.read(reader) };
    case PayloadType.AUTH:
      return { kind: 'AUTH', ...authBody.read(reader) };
    case PayloadType.NONCE:
      return { kind: 'Nonce', ...nonceBody.read(reader) };
    case PayloadType.NOTIFY:
      return notifyBody.read(reader);
    case PayloadType.DELETE:
      return deleteBody.read(reader);
    case PayloadType.VENDOR:
      return { kind: 'Vendor', ...vendorBody.read(reader) };
    case PayloadType.TSi:
      return { kind: 'TSi', selectors: tsBody.read(reader) };
    case PayloadType.TSr:
      return { kind: 'TSr', selectors: tsBody.read(reader) };
    case PayloadType.CP:
      return cpBody.read(reader);
    case PayloadType.EAP:
      return { kind: 'EAP', data: eapBody.read(reader) };
    default:
      return undefined;
  }
}

/** Writes the body of a payload and returns its type. */
export function writeBody(writer: Writer, payload: Payload): number {
  switch (payload.kind) {
    case 'SA':
      saBody.write(writer, payload.proposals);
      return PayloadType.SA;
    case 'KE':
      keBody.write(writer, payload);
      return PayloadType.KE;
    case 'IDi':
    case 'IDr':
      idBody.write(writer, payload.identity);
      return PayloadType[payload.kind];
    case 'CERT':
      certBody.write(writer, payload);
      return PayloadType.CERT;
    case 'CERTREQ':
      certreqBody.write(writer, payload);
      return PayloadType.CERTREQ;
    case 'AUTH':
      authBody.write(writer, payload);
      return PayloadType.AUTH;
    case 'Nonce':
      nonceBody.write(writer, payload);
      return PayloadType.NONCE;
    case 'Notify':
      notifyBody.write(writer, payload);
      return PayloadType.NOTIFY;
    case 'Delete':
      deleteBody.write(writer, payload);
      return PayloadType.DELETE;
    case 'Vendor':
      vendorBody.write(writer, payload);
      return PayloadType.VENDOR;
    case 'TSi':
    case 'TSr':
      tsBody.write(writer, payload.selectors);
      return PayloadType[payload.kind];
    case 'CP':
      cpBody.write(writer, payload);
      return PayloadType.CP;
    case 'EAP':
      eapBody.write(writer, payload.data);
      return PayloadType.EAP;
    case 'Unknown':
      writer.bytes(payload.data);
      return payload.type;
    default:
      return assertNever(payload);
  }
}
