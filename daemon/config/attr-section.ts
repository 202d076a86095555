import type { ConfigAttribute } from '../proto/payload.ts';
import type { ConfNode } from './conf-tree.ts';
import { printPosition } from './conf-tree.ts';
import { isPoolAttribute, poolAttribute } from './pool-attributes.ts';

/**
 * What section `plugins.attr` hands to every peer that gets a virtual IP: lists by name (`dns`, `split-include`) or by the number of
 * the attribute. What cannot be read is passed to `warn` and left out; the first section that has a name decides.
 */
export function attrSection(
  sections: readonly ConfNode[],
  warn: (message: string) => void,
): readonly ConfigAttribute[] {
  const attributes: ConfigAttribute[] = [];
  const seen = new Set(['load']);
  for (const section of sections.map((one) => one.at('plugins', 'attr'))) {
    for (const key of section.keys()) {
      const found = section.value(key);
      if (found === undefined || seen.has(key)) continue;
      seen.add(key);
      const where = printPosition(found.position);
      const name = key.replaceAll('-', '_');
      if (!isPoolAttribute(name)) {
        warn(`${where}: unknown attribute '${key}' in section plugins.attr`);
        continue;
      }
      for (const text of found.text.split(',').map((one) => one.trim())) {
        const attribute = text === '' ? undefined : poolAttribute(name, text);
        if (attribute !== undefined) attributes.push(attribute);
        else warn(`${where}: invalid value '${text}' of attribute '${key}', left out`);
      }
    }
  }
  return attributes;
}
