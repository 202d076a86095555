import { ConfigType, configAttributeShortName } from '../proto/iana/config-attributes.ts';
import { exchangeName } from '../proto/iana/exchange-types.ts';
import { notifyShortName } from '../proto/iana/notify-types.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { describeEap } from './describe-eap.ts';

/** Attributes of a configuration payload that are named before the rest is only hinted at. */
const MAX_NAMED_ATTRIBUTES = 24;

/** One line for the log: `IKE_AUTH request 1 [ IDi CERT N(INIT_CONTACT) … ]`, in charon's short names. */
export function describeMessage(message: Message): string {
  const direction = message.isResponse ? 'response' : 'request';
  let names = '';
  for (const payload of message.payloads) names += `${describePayload(payload)} `;
  return `${exchangeName(message.exchange)} ${direction} ${message.messageId} [ ${names}]`;
}

/** The short name of one payload. */
export function describePayload(payload: Payload): string {
  switch (payload.kind) {
    case 'Nonce':
      return 'No';
    case 'Notify':
      return `N(${notifyShortName(payload.type)})`;
    case 'Delete':
      return 'D';
    case 'Vendor':
      return 'V';
    case 'CP':
      return describeCp(payload);
    case 'EAP':
      return describeEap(payload.data);
    case 'Unknown':
      return `(${payload.type})`;
    default:
      return payload.kind;
  }
}

function describeCp({ type, attributes }: Extract<Payload, { kind: 'CP' }>): string {
  const named = attributes.slice(0, MAX_NAMED_ATTRIBUTES);
  const names = named.map((attribute) => configAttributeShortName(attribute.type));
  if (attributes.length > named.length) names.push('…');
  return `${cpName(type)}(${names.join(' ')})`;
}

function cpName(type: number): string {
  switch (type) {
    case ConfigType.CFG_REQUEST:
      return 'CPRQ';
    case ConfigType.CFG_REPLY:
      return 'CPRP';
    case ConfigType.CFG_SET:
      return 'CPS';
    case ConfigType.CFG_ACK:
      return 'CPA';
    default:
      return `CP${`(${type})`}`;
  }
}
