import { Document, isCollection, isPair, visit } from 'yaml';
import type { IntendedPolicySpec } from '../../core/policy.ts';

/**
 * A policy as YAML: blocks of keys, and everything within a row in flow style. `comment` becomes the header, a line each.
 * What is parsed back is `spec` to the bit.
 */
export function writePolicyYaml(spec: IntendedPolicySpec, comment: readonly string[]): string {
  const document = new Document(spec);
  document.commentBefore = comment.map((line) => ` ${line}`).join('\n');
  visit(document, {
    Collection: (_key, node) => {
      node.flow = !node.items.some((item) => isCollection(isPair(item) ? item.value : item));
    },
  });
  return document.toString({ lineWidth: 0 });
}
