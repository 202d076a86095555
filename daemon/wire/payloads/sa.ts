import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import type { Proposal, Transform } from '../../proto/proposal.ts';
import type { Codec } from '../codec.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { readAttributes, writeAttributes } from './transform-attributes.ts';

/** Proposal numbers have one octet and count from 1. */
const MAX_PROPOSALS = 255;
const PROPOSAL_HEADER_OCTETS = 8;
const TRANSFORM_HEADER_OCTETS = 8;
const MORE_PROPOSALS = 2;
const MORE_TRANSFORMS = 3;

/** Security Association payload body, RFC 7296 section 3.3: at least one proposal, each with a transform. */
export const saBody: Codec<readonly Proposal[]> = {
  read(reader) {
    const proposals: Proposal[] = [];
    do {
      if (proposals.length === MAX_PROPOSALS) throw reader.error('more than 255 proposals');
      proposals.push(readProposal(reader));
    } while (reader.remaining > 0);
    return proposals;
  },
  write(writer, proposals) {
    proposals.forEach((proposal, i) => {
      writeProposal(writer, proposal, i === proposals.length - 1);
    });
  },
};

function readProposal(reader: Reader): Proposal {
  const marker = reader.u8();
  reader.skip(1);
  const length = reader.u16();
  if (length < PROPOSAL_HEADER_OCTETS) throw reader.error(`proposal length ${length}`);
  const body = reader.sub(length - 4);
  checkMarker(reader, marker, MORE_PROPOSALS);
  const number = body.u8();
  const protocol = body.u8();
  const spiSize = body.u8();
  const transformCount = body.u8();
  if (!isSpiSize(protocol, spiSize)) {
    throw body.error(`SPI of ${spiSize} octets for protocol ${protocol}`);
  }
  const spi = body.bytes(spiSize);
  if (transformCount === 0) throw body.error('proposal without transforms');
  const transforms: Transform[] = [];
  for (let i = 0; i < transformCount; i++) transforms.push(readTransform(body));
  body.expectEnd();
  return { number, protocol, spi, transforms };
}

// RFC 7296 section 3.3.1: none in the initial exchange, the IKE SPI when an IKE_SA is rekeyed.
function isSpiSize(protocol: number, size: number): boolean {
  switch (protocol) {
    case ProtocolId.NONE:
      return false;
    case ProtocolId.IKE:
      return size === 0 || size === 8;
    case ProtocolId.AH:
    case ProtocolId.ESP:
      return size === 4;
    default:
      return true;
  }
}

function readTransform(reader: Reader): Transform {
  const marker = reader.u8();
  reader.skip(1);
  const length = reader.u16();
  if (length < TRANSFORM_HEADER_OCTETS) throw reader.error(`transform length ${length}`);
  const body = reader.sub(length - 4);
  checkMarker(reader, marker, MORE_TRANSFORMS);
  const type = body.u8();
  body.skip(1);
  const id = body.u16();
  return { type, id, ...readAttributes(body) };
}

/** "Last Substruc" is a leftover of ISAKMP that says what the length says already; the two must agree. */
function checkMarker(reader: Reader, marker: number, more: number): void {
  if (marker !== (reader.remaining > 0 ? more : 0)) {
    throw reader.error(`last-substructure octet is ${marker} before ${reader.remaining} octets`);
  }
}

function writeProposal(writer: Writer, proposal: Proposal, isLast: boolean): void {
  const start = writer.length;
  writer.u8(isLast ? 0 : MORE_PROPOSALS);
  writer.zeros(3);
  writer.u8(proposal.number);
  writer.u8(proposal.protocol);
  writer.u8(proposal.spi.length);
  writer.u8(proposal.transforms.length);
  writer.bytes(proposal.spi);
  proposal.transforms.forEach((transform, i) => {
    writeTransform(writer, transform, i === proposal.transforms.length - 1);
  });
  writer.patchU16(start + 2, writer.length - start);
}

function writeTransform(writer: Writer, transform: Transform, isLast: boolean): void {
  const start = writer.length;
  writer.u8(isLast ? 0 : MORE_TRANSFORMS);
  writer.zeros(3);
  writer.u8(transform.type);
  writer.zeros(1);
  writer.u16(transform.id);
  writeAttributes(writer, transform);
  writer.patchU16(start + 2, writer.length - start);
}
