import { ConfigAttributeType, ConfigType } from '../proto/iana/config-attributes.ts';
import type { ConfigAttribute, Message, Payload } from '../proto/payload.ts';
import { addressAttribute } from './config-payload.ts';
import type { IkeSa } from './ike-sa.ts';
import { find } from './payloads.ts';

/** Attributes of requests that {@link answerConfig} knows about, for SUPPORTED_ATTRIBUTES. */
const SUPPORTED = [
  ConfigAttributeType.INTERNAL_IP4_ADDRESS,
  ConfigAttributeType.INTERNAL_IP4_DNS,
  ConfigAttributeType.INTERNAL_IP6_ADDRESS,
  ConfigAttributeType.INTERNAL_IP6_DNS,
  ConfigAttributeType.SUPPORTED_ATTRIBUTES,
];

/**
 * The answer to a configuration payload outside of IKE_AUTH, RFC 7296 section 3.15: a request is told again what the peer has
 * been given, no new address; of what it wants to set nothing is accepted.
 */
export function answerConfig(sa: IkeSa, request: Message): readonly Payload[] {
  const payload = find(request, 'CP');
  if (payload?.type === ConfigType.CFG_SET) {
    return [{ kind: 'CP', type: ConfigType.CFG_ACK, attributes: [] }];
  }
  if (payload?.type !== ConfigType.CFG_REQUEST) return [];
  const asked = new Set(payload.attributes.map((attribute) => attribute.type));
  const attributes = [...given(sa), supported()].filter(({ type }) => asked.has(type));
  return [{ kind: 'CP', type: ConfigType.CFG_REPLY, attributes }];
}

function given({ configuration, env }: IkeSa): readonly ConfigAttribute[] {
  return [
    ...configuration.remote.map(addressAttribute),
    ...[...new Set(configuration.pools)].flatMap((pool) => env.pools.attributes(pool)),
  ];
}

function supported(): ConfigAttribute {
  const value = Uint8Array.from(SUPPORTED.flatMap((type) => [type >>> 8, type & 0xff]));
  return { type: ConfigAttributeType.SUPPORTED_ATTRIBUTES, value };
}
