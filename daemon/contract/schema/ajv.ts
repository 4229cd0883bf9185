import { Ajv, type Options, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { type Checked, describeErrors } from './violations.ts';

export { type Checked, describeErrors, formatViolation, type Violation } from './violations.ts';

/**
 * Ajv's optimiser counts the names in generated code in objects keyed by them. That makes thousands of shapes until
 * they are collected. A literal that gets its shape in that time (as the regime verdicts of one replay worker did)
 * stays a hash table for the rest of the process, slow to create and to read. Unoptimised checks cost the same.
 */
export const PLAIN_CODE = { optimize: false } as const;

/** Nothing is coerced, removed or filled in, and every error is reported. */
export const AJV_OPTIONS: Options = {
  code: PLAIN_CODE,
  strict: true,
  allErrors: true,
  verbose: true,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  allowUnionTypes: true,
};
/**
 * The only validator of input, besides what is compiled before (`built/`). A schema with a keyword that ajv does not
 * know is a defect, and fails at its first use. That the schemas are schemas is for the tests: a start does without the
 * check of the dialect itself, the largest that there is.
 */
export const contractAjv: Ajv = new Ajv({ ...AJV_OPTIONS, validateSchema: false });

/**
 * A checker of one contract schema: takes unknown data and returns it typed, or all violations. It is compiled at its
 * first use and kept, since the largest schemas take a fifth of a second.
 */
export function buildChecker<T>(schema: TSchema): (value: unknown) => Checked<T> {
  let validate: ValidateFunction<T> | undefined;
  return (value) => {
    validate ??= contractAjv.compile<T>(schema);
    return validate(value) ? { ok: true, value } : { ok: false, violations: describeErrors(validate.errors) };
  };
}
