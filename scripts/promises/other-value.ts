import type { Direction } from '../../daemon/core/keys/key-row.ts';
import type { JsonSchemaObject } from '../../daemon/core/policy.ts';

/** What calls of worlds name, and more: symbols and accounts. */
const NAMES = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'main', 'other'];

/** The loosest value of a key; where none is the loosest, another one. The value itself where there is no other. */
export function otherValue(value: unknown, schema: JsonSchemaObject, direction: Direction | null): unknown {
  const words = schema.enum as readonly unknown[] | undefined;
  if (words !== undefined) return words.findLast((word) => word !== value) ?? value;
  if (Array.isArray(value)) return otherList(value, schema);
  if (typeof value === 'boolean') return !value;
  if (direction === 'factor') return 1;
  return typeof value === 'number' ? otherNumber(value, schema, direction) : value;
}

function otherList(value: readonly unknown[], { items }: JsonSchemaObject): readonly unknown[] {
  const words = (items as JsonSchemaObject | undefined)?.enum as readonly unknown[] | undefined;
  if (words !== undefined) return words;
  if (value.some((entry) => typeof entry === 'number')) return value.map((entry) => Number(entry) * 2);
  return [...new Set([...value, ...NAMES])];
}

function otherNumber(value: number, schema: JsonSchemaObject, direction: Direction | null): number {
  const { maximum, minimum } = schema as { readonly maximum: number; readonly minimum: number };
  switch (direction) {
    case 'larger':
    case 'larger_by_regime':
    case 'larger_or_off':
      return maximum;
    case 'smaller':
    case 'smaller_by_regime':
      return minimum;
    default:
      return value * 2 <= maximum ? value * 2 : minimum;
  }
}
