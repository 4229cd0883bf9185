import { isUnknownKey, type Violation } from '../../contract/schema/violations.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import {
  checkAgentNames,
  checkAgents,
  checkAgentWaysOut,
  checkInterceptNames,
  checkMode,
  checkOperatorSchemas,
  checkWaysOut,
} from './check-access.ts';
import { checkAgentLimits, warnOfExitScope } from './check-agents.ts';
import {
  checkCapOrder,
  checkDeadman,
  checkFractions,
  checkLadder,
  checkRegimeOrder,
  checkSignals,
  checkSkills,
  checkSlices,
  checkStaging,
  checkTiers,
  checkTraderState,
  checkTrustTiers,
  checkVolatility,
} from './check-limits.ts';
import { checkAgentMinimums, checkListed, checkMinimums } from './check-venue.ts';
import type { Findings, VenueFacts } from './findings.ts';

interface Check {
  /** The parts of the document that it reads. The check is skipped while one of them is malformed. */
  readonly reads: readonly string[];
  readonly run: (spec: IntendedPolicySpec, found: Findings, venue: VenueFacts | null) => void;
}

const CHECKS: readonly Check[] = [
  { reads: ['mode', 'scope.venues'], run: checkMode },
  { reads: ['scope.tools', 'scope.actions'], run: checkWaysOut },
  { reads: ['scope', 'agents'], run: checkAgentWaysOut },
  { reads: ['agents'], run: checkAgentNames },
  { reads: ['agents'], run: checkAgentLimits },
  {
    reads: ['scope', 'budgets', 'market.regimes', 'temporal', 'trader_state', 'agents'],
    run: checkAgents,
  },
  { reads: ['budgets.order_rate', 'market.regimes'], run: checkSlices },
  { reads: ['market.regimes', 'staging'], run: checkStaging },
  { reads: ['scope.venues', 'standing'], run: checkDeadman },
  { reads: ['market.regimes'], run: checkRegimeOrder },
  { reads: ['market.volatility'], run: checkVolatility },
  { reads: ['account.drawdown.tiers'], run: (spec, found) => checkTiers('drawdown', spec, found) },
  { reads: ['account.daily_loss.tiers'], run: (spec, found) => checkTiers('daily_loss', spec, found) },
  { reads: ['account.margin_ratio.tiers'], run: (spec, found) => checkTiers('margin_ratio', spec, found) },
  { reads: ['trust.tiers'], run: checkTrustTiers },
  { reads: ['trust.signals'], run: checkSignals },
  { reads: ['trust.skills'], run: checkSkills },
  { reads: ['trader_state.limit_at', 'trader_state.block_at'], run: checkTraderState },
  { reads: ['exits.ladder_bps'], run: checkLadder },
  { reads: ['exits.scope', 'agents'], run: warnOfExitScope },
  { reads: ['budgets'], run: checkCapOrder },
  { reads: ['scope.symbols'], run: checkListed },
  { reads: ['scope.symbols', 'budgets', 'market.regimes'], run: checkMinimums },
  { reads: ['scope.symbols', 'agents'], run: checkAgentMinimums },
  { reads: ['intercept.allow'], run: checkInterceptNames },
  { reads: ['tools', 'intercept.allow'], run: checkOperatorSchemas },
];

/**
 * Checks what a schema cannot express. Every check whose part of the document is well-formed runs, so that everything
 * wrong is reported at once. `shape` are the violations of the schema.
 */
export function checkSemantics(document: unknown, shape: readonly Violation[], venue: VenueFacts | null): Findings {
  const found: Findings = { violations: [], warnings: [] };
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return found;
  found.violations.push(...checkFractions(document));
  const broken = [...shape, ...found.violations].filter((each) => !isUnknownKey(each)).map((each) => each.path);
  for (const check of CHECKS) {
    const isBroken = check.reads.some((part) => broken.some((path) => isWithin(path, part) || isWithin(part, path)));
    if (!isBroken) check.run(document as IntendedPolicySpec, found, venue);
  }
  return found;
}

function isWithin(path: string, part: string): boolean {
  return part === '' || path === part || path.startsWith(`${part}.`) || path.startsWith(`${part}[`);
}
