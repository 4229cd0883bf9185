import { type CompiledPolicy, type Factors, ONE } from '../compiled-policy.ts';
import type { AccountContext, ExecutionContext } from '../context.ts';
import type { BudgetComponents, BudgetRecord } from '../decision.ts';
import type { ExecutionRequest } from '../request.ts';
import type { Trace } from '../trace.ts';
import {
  type AccountFinding,
  budgetComponents,
  findAccount,
  findRegime,
  findTrust,
  type RegimeFinding,
  signalFactors,
  strictest,
  type TrustFinding,
} from './budgets.ts';
import { traderFactors } from './tightening.ts';

/** Everything about the budgets of this instant: the same for a decision, GET /v1/limits and a standing order. */
export interface BudgetFinding {
  readonly regime: RegimeFinding;
  readonly account: AccountFinding | null;
  readonly trust: TrustFinding;
  readonly budget: BudgetComponents;
  readonly record: BudgetRecord;
}

/** One decision while it is made: what it is about, and what the rules have found so far. */
export interface Deciding {
  readonly trace: Trace;
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
  readonly policy: CompiledPolicy;
  readonly found: BudgetFinding;
}

export function findBudget(context: ExecutionContext, policy: CompiledPolicy): BudgetFinding {
  const regime = findRegime(context, policy);
  const account = context.account === null ? null : findAccount(context.account, policy);
  const trust = findTrust(context.trust, policy);
  const trader: Factors = traderFactors(context, policy);
  const market = policy.regimes[regime.regime].factors;
  const accountFactors = account === null ? ONE : account.factors;
  const budget = budgetComponents(policy, {
    market,
    portfolio: strictest(market, policy.regimes[regime.portfolio].factors),
    account: accountFactors,
    trust: trust.factors,
    trader,
  });
  const record: BudgetRecord = {
    account: accountFactors,
    budget,
    market,
    regime: regime.regime,
    trader,
    trust: trust.factors,
  };
  return { regime, account, trust, budget, record };
}

/**
 * What bounds the account whoever asks: regime, tiers of the account, and signals about it or the symbol. RISK: what is held
 * was permitted by the trust of those who opened it. By that of a token without a skill, by trades or by a loss of nobody's,
 * the gate would close what it permits, over and over.
 */
export function findAccountBudget(context: AccountContext, policy: CompiledPolicy): BudgetComponents {
  const regime = findRegime(context, policy);
  const market = policy.regimes[regime.regime].factors;
  return budgetComponents(policy, {
    market,
    portfolio: strictest(market, policy.regimes[regime.portfolio].factors),
    account: context.account === null ? ONE : findAccount(context.account, policy).factors,
    trust: signalFactors(context.trust, policy),
    trader: ONE,
  });
}
