import type { Static } from 'typebox';
import * as Type from '../../contract/built/typebox.js';
import { AGENT_PATTERN } from '../../contract/policy/policy-values.ts';
import { buildChecker } from '../../contract/schema/ajv.ts';
import { argsCheckOf } from '../../contract/schema/operator-schema.ts';
import { formatViolation, type Violation, violationAt } from '../../contract/schema/violations.ts';
import { type CompiledPolicy, compilePolicy } from '../../core/compiled-policy.ts';
import type { ExecutionContext } from '../../core/context.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import { REASON_CODES } from '../../core/reasons.ts';
import { type ExecutionRequest, TOOL_NAMES } from '../../core/request.ts';
import { inNotional } from '../../core/rules/approval.ts';
import { findAskedUsdt } from '../../core/rules/opening-rules.ts';
import { type LoadedPolicy, parsePolicy } from '../parse.ts';
import { parseYamlText } from '../text/yaml-text.ts';
import { buildBaseRequest, buildCaseContext, isRecord, mergeOver } from './case-context.ts';

export type DecideFunction = (
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
) => ExecutionDecision;

export interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  /** The differences in words: `decision: expected LIMIT, got BLOCK`. Empty if it passed. */
  readonly differences: readonly string[];
  readonly decision: ExecutionDecision;
}
export type CaseRun =
  | { readonly ok: true; readonly results: readonly CaseResult[]; readonly passed: number; readonly failed: number }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const closed = { additionalProperties: false } as const;
const Partial = Type.Unsafe<{ readonly [key: string]: unknown }>({ type: 'object' });
const CasesSchema = Type.Object(
  {
    cases: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 200 }),
          tool: Type.Optional(Type.Enum([...TOOL_NAMES])),
          agent: Type.Optional(Type.String({ pattern: AGENT_PATTERN })),
          request: Type.Optional(Partial),
          context: Type.Optional(Partial),
          expect: Type.Object(
            {
              decision: Type.Enum(['ALLOW', 'LIMIT', 'BLOCK']),
              reasons: Type.Array(Type.Enum([...REASON_CODES]), { maxItems: 60 }),
              effective: Type.Optional(Partial),
              constraints: Type.Optional(Partial),
              retry_after_ms: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
            },
            closed,
          ),
        },
        closed,
      ),
      { minItems: 1, maxItems: 2000 },
    ),
  },
  closed,
);
type CaseDocument = Static<typeof CasesSchema>;
type PolicyCase = CaseDocument['cases'][number];
const checkCases = buildChecker<CaseDocument>(CasesSchema);

/**
 * Runs the cases of a policy. Each merges its request and context into a plain base (case-base.ts) and
 * states the decision *and* the reason codes, in order. Everything wrong with the two texts is reported
 * before anything runs. A file without cases is wrong too.
 */
export function runPolicyCases(policyText: string, casesText: string, decide: DecideFunction): CaseRun {
  const policy = parsePolicy(policyText, 'policy');
  if (!policy.ok) return { ok: false, violations: policy.violations.map((each) => prefixed('policy', each)) };
  const read = parseYamlText(casesText);
  if (!read.ok) return { ok: false, violations: read.violations.map((each) => prefixed('cases', each)) };
  const checked = checkCases(read.value);
  if (!checked.ok) return { ok: false, violations: checked.violations };
  const violations: Violation[] = [];
  const prepared = checked.value.cases.map((each, index) =>
    prepareCase(each, `cases[${index}]`, policy.policy, violations),
  );
  if (violations.length > 0) return { ok: false, violations };
  const results = prepared.map((each) => runCase(each, policy.policy, decide));
  const passed = results.filter((result) => result.passed).length;
  return { ok: true, results, passed, failed: results.length - passed };
}

interface PreparedCase {
  readonly case: PolicyCase;
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
}

function prepareCase(each: PolicyCase, path: string, policy: LoadedPolicy, violations: Violation[]): PreparedCase {
  const tool = each.tool ?? 'place_order';
  const agent = each.agent ?? 'agent';
  const given = each.request ?? {};
  const request = mergeOver(buildBaseRequest(tool, agent, given), given, `${path}.request`, violations);
  if (request.quantity !== null && request.requested_notional !== null)
    violations.push(violationAt(`${path}.request`, 'gives both quantity and requested_notional'));
  const context = buildCaseContext(each.context ?? {}, `${path}.context`, violations);
  const judged = asJudged(request, context, compilePolicy(policy.spec, policy.hash, agent));
  const schema = policy.spec.tools[tool]?.args;
  const found = judged === null || schema === undefined ? [] : argsCheckOf(schema)(argumentsOf(judged, given));
  const broken = context.schema_violation ?? found[0] ?? null;
  const schema_violation = broken === null || typeof broken === 'string' ? broken : formatViolation(broken);
  return { case: each, request, context: { ...context, schema_violation } };
}

/** As the operator's schema reads it; null: of a quantity without a price it reads nothing. */
function asJudged(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
): ExecutionRequest | null {
  if (request.quantity === null) return request;
  const usdt = findAskedUsdt(request, context, policy);
  return usdt === null ? null : inNotional(request, usdt);
}

const NOT_ARGUMENTS = ['agent', 'origin', 'tool', 'skill_sha256', 'reduce_only', 'account', 'venue', 'timestamp_ms'];
/** The caller's part of the request: without what the daemon adds, unless the case itself gives it. */
function argumentsOf(request: ExecutionRequest, given: { readonly [key: string]: unknown }): object {
  const entries = Object.entries(request).filter(([key, value]) => {
    if (key === 'intent') return request.tool === 'place_order';
    return value !== null && (!NOT_ARGUMENTS.includes(key) || Object.hasOwn(given, key));
  });
  return Object.fromEntries(entries);
}

function runCase(prepared: PreparedCase, policy: LoadedPolicy, decide: DecideFunction): CaseResult {
  const { request, case: each } = prepared;
  const context = underPolicy(prepared.context, policy.hash);
  const decision = decide(request, context, compilePolicy(policy.spec, policy.hash, request.agent));
  const differences: string[] = [];
  compare('decision', decision.decision, each.expect.decision, differences);
  compare(
    'reasons',
    decision.reasons.map((reason) => reason.code),
    each.expect.reasons,
    differences,
  );
  if (each.expect.effective !== undefined) compare('effective', decision.effective, each.expect.effective, differences);
  if (each.expect.constraints !== undefined) {
    compare('constraints', decision.constraints, each.expect.constraints, differences);
  }
  if (each.expect.retry_after_ms !== undefined) {
    compare('retry_after_ms', decision.retry_after_ms, each.expect.retry_after_ms, differences);
  }
  return { name: each.name, passed: differences.length === 0, differences, decision };
}

/** An approval of a case that names no policy is one of this one. */
function underPolicy(context: ExecutionContext, hash: string): ExecutionContext {
  const { approval } = context;
  if (approval === undefined || approval.grant === null || approval.grant.policy_hash !== '') return context;
  return { ...context, approval: { ...approval, grant: { ...approval.grant, policy_hash: hash } } };
}

/** Objects are compared only in the expected keys; lists and scalars completely. */
function compare(path: string, actual: unknown, expected: unknown, differences: string[]): void {
  if (isRecord(expected) && isRecord(actual)) {
    for (const [key, value] of Object.entries(expected)) {
      if (Object.hasOwn(actual, key)) compare(`${path}.${key}`, actual[key], value, differences);
      else differences.push(`${path}.${key}: there is no such key`);
    }
  } else if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    differences.push(`${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }
}

function prefixed(file: string, violation: Violation): Violation {
  return { ...violation, message: `${file}: ${violation.message}` };
}
