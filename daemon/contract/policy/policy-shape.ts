import type { IntendedPolicySpec } from '../../core/policy.ts';
import { validate } from '../built/policy-validator.js';
import { type Checked, describeErrors } from '../schema/violations.ts';

/**
 * Shape and ranges only; `parsePolicy` (policy/parse.ts) adds what a schema cannot express. The check is compiled by
 * `npm run generate`: ajv would take a fifth of a second at every start.
 */
export function checkPolicyShape(document: unknown): Checked<IntendedPolicySpec> {
  return validate(document)
    ? { ok: true, value: document as IntendedPolicySpec }
    : { ok: false, violations: describeErrors(validate.errors) };
}
