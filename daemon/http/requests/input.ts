import type { FastifyRequest } from 'fastify';
import type { Checked } from '../../contract/schema/ajv.ts';
import { ApiError, invalidInput } from '../errors.ts';

/** @throws ApiError INVALID_INPUT with every violation */
export function requireValid<T>(check: (value: unknown) => Checked<T>, value: unknown): T {
  const checked = check(value);
  if (!checked.ok) throw invalidInput(checked.violations);
  return checked.value;
}

/** @throws ApiError INVALID_JSON when the request had no body */
export function bodyOf(request: FastifyRequest): unknown {
  if (request.body === undefined) throw new ApiError('INVALID_JSON', 'The body is empty; send a JSON object.');
  return request.body;
}

const NUMBER_KEYS: ReadonlySet<string> = new Set(['limit', 'head']);
/**
 * Numbers as JSON writes them, without exponents. It includes those that the schema refuses, so that the schema says
 * why.
 */
const PLAIN_NUMBER = /^-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,99})?$/;
const BOOLEAN_KEYS: ReadonlySet<string> = new Set(['open']);
/** A query has only texts. Numbers and booleans among them are converted exactly; the schema judges the rest. */
export function queryOf(request: FastifyRequest): { readonly [key: string]: unknown } {
  // Without a prototype, so that the key __proto__ is an ordinary key and refused.
  const query = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(request.query as Record<string, unknown>)) {
    if (NUMBER_KEYS.has(key) && typeof value === 'string' && PLAIN_NUMBER.test(value)) {
      query[key] = Number(value);
    } else if (BOOLEAN_KEYS.has(key) && (value === 'true' || value === 'false')) {
      query[key] = value === 'true';
    } else {
      query[key] = value;
    }
  }
  return query;
}
