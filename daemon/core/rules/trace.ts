import type { ApprovalCeiling, EffectiveAction, Reason, RuleOutcome, RuleVerdict, StagedSlice } from '../decision.ts';
import { REASONS, type ReasonCode } from '../reasons.ts';

type Figure = number | string | null;

/** The rules in their order, by the code under which one that has nothing to say is skipped. */
const RULE_NAMES = [
  'SCHEMA_ARGS',
  'SCOPE',
  'STATE',
  'FRESHNESS',
  'DUPLICATE_INTENT',
  'TEMPORAL',
  'REGIME',
  'ACCOUNT',
  'TRUST',
  'TRADER_STATE',
  'PRICE',
  'PROJECTION',
  'RECHECK',
  'STAGING',
] as const;

/** What the rules leave of a request. `approval`: nothing but the approval of a person is missing. */
export interface Outcome {
  readonly approval: ApprovalCeiling | null;
  readonly effective: EffectiveAction | null;
  readonly plan: readonly StagedSlice[];
}
export const NOTHING: Outcome = { approval: null, effective: null, plan: [] };

/** What the rules found, in the order in which they ran: rule order is precedence order. */
export class Trace {
  readonly verdicts: RuleVerdict[] = [];
  readonly reasons: Reason[] = [];
  denied = false;
  /** Price, notional or leverage were cut (rules 11 and 12): what rules 7 to 10 tighten shows only there. */
  isCut = false;
  retryAfterMs: number | null = null;

  /** A verdict without figures has no members for them: of most rules that hold there is nothing to say. */
  note(rule: number, code: string, outcome: RuleOutcome, observed: Figure, limit: Figure, unit: string | null): void {
    if (observed === null && limit === null) this.verdicts.push({ code, outcome, rule });
    else this.verdicts.push({ code, limit, observed, outcome, rule, unit });
  }
  pass(rule: number, code: string, observed: Figure = null, limit: Figure = null, unit: string | null = null): void {
    this.note(rule, code, 'pass', observed, limit, unit);
  }
  skip(rule: number, code: string): void {
    this.verdicts.push({ code, outcome: 'skipped', rule });
  }
  /** Each rule that is not asked leaves a verdict that says so. */
  skipRules(first: number, last = first): void {
    for (let rule = first; rule <= last; rule += 1) this.skip(rule, RULE_NAMES[rule - 1] ?? '');
  }
  tighten(rule: number, code: ReasonCode, observed: Figure, limit: Figure, unit: string | null): void {
    this.note(rule, code, 'tighten', observed, limit, unit);
    this.reason(code, observed, limit, unit);
    if (rule >= 11) this.isCut = true;
  }
  deny(rule: number, code: ReasonCode, observed: Figure, limit: Figure, unit: string | null): void {
    this.note(rule, code, 'deny', observed, limit, unit);
    this.reason(code, observed, limit, unit);
    this.denied = true;
  }
  /** Denies for so long; the agent gets the longest wait. */
  denyFor(rule: number, code: ReasonCode, ms: number, observed: Figure, limit: Figure, unit: string | null): void {
    this.deny(rule, code, observed, limit, unit);
    const waitMs = Math.max(1, ms);
    if (this.retryAfterMs === null || waitMs > this.retryAfterMs) this.retryAfterMs = waitMs;
  }

  /** Rules that a decision of this kind does not ask leave a verdict all the same, in their place (SAE-AUDIT). */
  skipTheRest(): void {
    RULE_NAMES.forEach((code, i) => {
      if (!this.verdicts.some((verdict) => verdict.rule === i + 1)) this.skip(i + 1, code);
    });
    this.verdicts.sort((a, b) => a.rule - b.rule);
  }

  private reason(code: ReasonCode, observed: Figure, limit: Figure, unit: string | null): void {
    const text = REASONS[code];
    this.reasons.push({ code, hint: text.hint, limit, message: text.message, observed, unit });
  }
}
