import type { ForeignTool } from '../../contract/types/trading-calls.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { ExecutionDecision, Reason } from '../../core/decision.ts';
import { REASONS } from '../../core/reasons.ts';
import { findBudget } from '../../core/rules/budgets.ts';
import { Trace } from '../../core/rules/trace.ts';
import type { Decided } from '../decide/decided.ts';
import { appendDecision } from '../decide/take-decision.ts';
import type { LiveCore } from '../flow/core.ts';
import { bareRequest, parentAsk } from '../plan/orders.ts';
import type { Caller } from '../records/callers.ts';
import { buildContext } from '../snapshot/snapshot.ts';

/** A violation's path holds names that an agent chose: no more of it is recorded. */
const VIOLATION_CHARS = 200;
/** As many as the contract lets through; what else asks is cut. */
const MAX_TOOL_CHARS = 128;
/** A tool may be refused for its name or, when the name is known, for its arguments (`path: what is wrong`). */
function describeRefusedTool(violation: string | null): { readonly hint: string; readonly message: string } {
  if (violation === null) return REASONS.SCOPE_TOOL;
  return {
    hint: 'The list of tools has the schemas of the trading tools, intercept.allow of the policy those of the others.',
    message: `The arguments do not fit the schema of this tool: ${violation.slice(0, VIOLATION_CHARS)}`,
  };
}

/** Tools executed elsewhere: allowed only by name and schema, never by being unknown (BY-07). */
export function decideForeignTool(core: LiveCore, caller: Caller, tool: ForeignTool): Decided {
  const { args, name } = tool;
  const allowed = core.ports.isInterceptAllowed(core.policySpec, name, args);
  return recordForeignTool(core, caller, tool, {
    allowed,
    violation: allowed ? null : (core.ports.findArgsViolation?.(core.policySpec, name, args) ?? null),
  });
}

/** `intercept` of a tool that is executed elsewhere: ALLOW by name and schema, everything else BLOCK SCOPE_TOOL. */
function recordForeignTool(
  core: LiveCore,
  caller: Caller,
  { args, name: tool, skill }: ForeignTool,
  { allowed, violation }: { readonly allowed: boolean; readonly violation: string | null },
): Decided {
  const bodyHash = core.ports.sha256(canonicalJson({ args, tool }));
  const policy = core.policyFor(caller.agent);
  const request = {
    ...bareRequest(core.settings, '', core.nowMs()),
    agent: caller.agent,
    intent: 'open' as const,
    order_type: null,
    origin: 'agent' as const,
    requested_leverage: null,
    side: null,
    skill_sha256: skill === null ? null : (skill.sha256 ?? 'none'),
    symbol: null,
  };
  const ask = parentAsk(core.settings);
  ask.tokenSkillSha256 = caller.skillSha256;
  const context = buildContext({ state: core.state, inputs: core.market.inputs(core.nowMs()), request, policy, ask });
  const found = findBudget(context, policy);
  // By characters: half of one would be no text.
  const shown = [...tool].slice(0, MAX_TOOL_CHARS).join('');
  const decision = judgeTool(found.record, allowed, shown, violation);
  const seq = core.nextSeq();
  const startedAtWallMs = core.ports.time.monotonicMs();
  const considered = {
    request,
    policy,
    context,
    decision,
    acted: decision,
    seq,
    startedAtWallMs,
    decideAtWallMs: startedAtWallMs,
    elapsedNs: 0,
  };
  const decided = appendDecision(
    core,
    considered,
    { kind: 'intercept', route: 'intercept', bodyHash, orders: [] },
    { tool: shown, form: 'whole' },
  );
  core.ports.observer.decided(
    request.agent,
    'intercept',
    'foreign',
    decision.decision,
    decision.reasons.map((reason) => reason.code),
    0,
  );
  return decided;
}

function judgeTool(
  budget: ExecutionDecision['budget'],
  allowed: boolean,
  shown: string,
  violation: string | null,
): ExecutionDecision {
  const reasons: readonly Reason[] = allowed
    ? []
    : [{ code: 'SCOPE_TOOL', ...describeRefusedTool(violation), limit: null, observed: shown, unit: null }];
  const trace = new Trace();
  trace.note(2, 'SCOPE_TOOL', allowed ? 'pass' : 'deny', shown, null, null);
  trace.skipTheRest();
  return {
    budget,
    condition_reducing: false,
    constraints: {
      cooldown_ms: 0,
      leverage_cap: 1,
      notional_cap: 0,
      order_rate_cap: 0,
      slippage_cap_bps: 0,
      staging_plan: [],
    },
    decision: allowed ? 'ALLOW' : 'BLOCK',
    effective: null,
    enforced: true,
    reasons,
    retry_after_ms: null,
    verdicts: trace.verdicts,
  };
}
