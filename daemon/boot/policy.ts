import type { Violation } from '../contract/ajv.ts';
import { type ArgsCheck, compileOperatorSchema } from '../contract/operator-schema.ts';
import { checkTradingCall, isTradingTool } from '../contract/tools.ts';
import type { IntendedPolicySpec, JsonSchemaObject, VenueName } from '../core/policy.ts';
import type { InterceptAllowance, OperatorSchemaCheck } from '../gate/journal/journal.ts';
import type { PolicyDocument, PolicyPort } from '../gate/operator/policy-control.ts';
import { hashPolicy, parsePolicy } from '../policy/parse.ts';
import { decideReload } from '../policy/reload.ts';

/** Reading and comparing policies, for the gate. */
export function createPolicyPort(venue: VenueName, file: string): PolicyPort {
  return {
    parse: (text, minimums) => {
      const parsed = parsePolicy(text, file, minimums.length === 0 ? undefined : minimums);
      if (!parsed.ok) return { ok: false, violations: parsed.violations };
      return { ok: true, policy: { spec: parsed.policy.spec, hash: parsed.policy.hash }, warnings: parsed.warnings };
    },
    compare: (candidate, inForce, nowMs) =>
      decideReload({ ...candidate, text: '' }, { ...inForce, text: '' }, venue, nowMs),
  };
}

/** A policy of the ledger, by hash: what was in force at the last stop. */
export function readStoredPolicy(body: string | null, hash: string): PolicyDocument | null {
  if (body === null) return null;
  const spec = JSON.parse(body) as IntendedPolicySpec;
  return hashPolicy(spec) === hash ? { spec, hash } : null;
}

/** Operators' schemas, compiled once a policy; a schema that cannot be compiled refuses everything. */
function createSchemaCache(): (schema: JsonSchemaObject) => ArgsCheck {
  const compiled = new WeakMap<JsonSchemaObject, ArgsCheck>();
  return (schema) => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const result = compileOperatorSchema(schema);
    const check: ArgsCheck = result.ok ? result.check : () => result.violations;
    compiled.set(schema, check);
    return check;
  };
}

/** Where and what, without the value. */
function nameFirst(violations: readonly Violation[]): string | null {
  const [first] = violations;
  return first === undefined ? null : `${first.path === '' ? 'the arguments' : first.path}: ${first.message}`;
}

export function createSchemaChecks(): {
  readonly checkOperatorSchema: OperatorSchemaCheck;
  readonly isInterceptAllowed: InterceptAllowance;
  readonly findArgsViolation: OperatorSchemaCheck;
} {
  const check = createSchemaCache();
  return {
    checkOperatorSchema: (spec, tool, args) => {
      if (!Object.hasOwn(spec.tools, tool)) return null;
      const schema = spec.tools[tool]?.args;
      if (schema === undefined) return null;
      const [first] = check(schema)(args);
      return first === undefined ? null : `${first.path}: ${first.message}`;
    },
    isInterceptAllowed: (spec, tool, args) => {
      if (!Object.hasOwn(spec.intercept.allow, tool)) return false;
      const schema = spec.intercept.allow[tool];
      return schema !== undefined && check(schema)(args).length === 0;
    },
    findArgsViolation: (spec, tool, args) => {
      const schema = Object.hasOwn(spec.intercept.allow, tool) ? spec.intercept.allow[tool] : undefined;
      if (schema !== undefined) return nameFirst(check(schema)(args));
      if (!isTradingTool(tool)) return null;
      const checked = checkTradingCall(tool, args);
      return checked.ok ? null : nameFirst(checked.violations);
    },
  };
}
