import { PolicySchema } from '../../daemon/contract/policy/policy.ts';
import { describeAllowed } from '../../daemon/contract/schema/violations.ts';
import type { Direction } from '../../daemon/core/keys/key-row.ts';
import { POLICY_KEYS, POLICY_PATHS } from '../../daemon/core/keys/policy-keys.ts';
import type { PolicyPath } from '../../daemon/core/policy-paths.ts';
import { isRecord, type JsonRecord } from '../../daemon/policy/cases/case-context.ts';
import { scopeInWords } from '../../daemon/policy/explain.ts';

/** The table of docs/policy.md: every key with its meaning, its range, the change that makes it looser, and its scope. */
export function buildPolicyKeys(): string {
  const schema = JSON.parse(JSON.stringify(PolicySchema)) as JsonRecord;
  const rows = POLICY_PATHS.map((path) => {
    const node = nodeAt(schema, path);
    const cells = [
      `\`${path}\``,
      meaningOf(node),
      rangeOf(path, node),
      looserInWords(POLICY_KEYS[path].direction),
      tightensOf(path),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| key | meaning | legal | looser | tightens |', '|---|---|---|---|---|', ...rows].join('\n');
}

/** `(R)`: what rests is reviewed by it, too. */
function tightensOf(path: PolicyPath): string {
  return `${scopeInWords(path)}${POLICY_KEYS[path].rests ? ' (R)' : ''}`;
}

function nodeAt(schema: JsonRecord, path: PolicyPath): JsonRecord {
  let node = schema;
  for (const key of path.split('.')) {
    const properties = node.properties;
    const child = isRecord(properties) ? properties[key] : undefined;
    // The compiler checks the paths against the type, and a test the type against the schema.
    if (!isRecord(child)) throw new Error(`the schema has no ${path}`);
    node = child;
  }
  return node;
}

/** The description without the part that the text above the table says about every factor. */
function meaningOf(node: JsonRecord): string {
  return String(node.description ?? '').split(/ A factor on B_0:| One factor for every component/, 1)[0] ?? '';
}

function rangeOf(path: PolicyPath, node: JsonRecord): string {
  const isFactor = POLICY_KEYS[path].direction === 'factor';
  if (isFactor) return path.startsWith('market.') ? 'a factor' : 'a factor, or factors by component';
  if (node.type === 'array') return describeList(node);
  if (node.patternProperties !== undefined)
    return path === 'tools' ? "names of the daemon's tools" : 'names of your choice';
  if (isRecord(node.properties)) {
    return Object.entries(node.properties)
      .map(([key, child]) => `${key}: ${isRecord(child) ? describeAllowed(child) : ''}`)
      .join('; ');
  }
  return describeAllowed(node);
}

function describeList(node: JsonRecord): string {
  const items = isRecord(node.items) ? node.items : {};
  const length =
    node.minItems === undefined
      ? `up to ${String(node.maxItems)}`
      : `${String(node.minItems)} to ${String(node.maxItems)}`;
  return `${length} of ${isRecord(items.properties) ? `{${Object.keys(items.properties).join(', ')}}` : describeAllowed(items)}`;
}

function looserInWords(direction: Direction): string {
  switch (direction) {
    case 'free':
      return 'never';
    case 'any_change':
      return 'any change';
    case 'larger':
      return 'larger';
    case 'larger_or_off':
      return 'larger, or 0';
    case 'smaller':
      return 'smaller';
    case 'larger_by_regime':
      return 'larger (1)';
    case 'smaller_by_regime':
      return 'smaller (1)';
    case 'factor':
      return 'larger, by value';
    case 'turned_off':
      return 'true to false';
    case 'more_members':
      return 'a new member';
    case 'rate':
      return 'more fit into the former window';
    case 'tiers':
      return 'at any level a larger factor, or reduce_only ends';
    case 'trust_tiers':
      return 'at any trust a larger factor, or reduce_only ends';
    case 'skills':
      return 'a digest trusted more than before, or added to a name that is listed; another name';
    case 'allowed_tools':
      return 'a new name, or another schema';
    case 'tool_schemas':
      return 'a removed name, or another schema';
    case 'approvals':
      return 'an order goes out unapproved, or is approved more easily';
    case 'agents':
      return 'wider limits of any agent, named or not';
    default:
      return `towards \`${direction.at(-1) ?? ''}\``;
  }
}
