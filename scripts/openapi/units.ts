import { DECIMAL_PATTERN, DECIMAL_WORDS } from '../../daemon/contract/decision.ts';
import { INSTANT_WORDS } from '../../daemon/contract/schema/fields.ts';

/** Says units and the form of decimals once for the whole description, instead of at every field. */

type Json = { readonly [key: string]: unknown };

/** Part of the description of the whole. */
export const UNITS =
  'Where a field says nothing else, …_at_ms and other instants (…_ms) are milliseconds since 1970, and amounts (…_usdt) are USDT. Decimals that must not lose a digit are text.';
const decimal = { pattern: DECIMAL_PATTERN, description: DECIMAL_WORDS };
export const DECIMALS: Json = {
  Decimal: { type: 'string', ...decimal },
  DecimalOrNull: { type: ['string', 'null'], ...decimal },
};

/** `name`: of the property that the value is the schema of; null: it is no schema of a property. */
export function sayUnitsOnce(value: unknown, name: string | null = null): unknown {
  if (Array.isArray(value)) return value.map((each) => sayUnitsOnce(each));
  if (typeof value !== 'object' || value === null) return value;
  const { description, pattern, type, ...rest } = value as Json;
  const said = typeof description === 'string' && name !== null ? withoutUnit(description, name) : description;
  const words = said === undefined || said === '' ? {} : { description: said };
  if (pattern === DECIMAL_PATTERN && Object.keys(rest).length === 0) {
    const words = typeof said === 'string' ? said.replace(DECIMAL_WORDS, '').trimEnd() : '';
    const $ref = `#/components/schemas/${type === 'string' ? 'Decimal' : 'DecimalOrNull'}`;
    return words === '' ? { $ref } : { $ref, description: words };
  }
  const kept = Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      if (key === 'description') return Object.entries(words);
      if (key !== 'properties') return [[key, sayUnitsOnce(each)]];
      const members = Object.entries(each as Json).map(([member, schema]) => [member, sayUnitsOnce(schema, member)]);
      return [[key, Object.fromEntries(members)]];
    }),
  );
  return kept;
}

function withoutUnit(description: string, name: string): string {
  if (name.endsWith('_ms')) return description.replace(INSTANT_WORDS, '').trimEnd();
  return name.endsWith('_usdt') ? description.replace(/^USDT\.$| USDT\.$/, '') : description;
}
