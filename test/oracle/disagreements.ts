import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import type { OracleDecision } from './decide-oracle.ts';
import { toNumber } from './rational.ts';

/** What the gate and the oracle disagree on, in words; empty when they agree. */
export function disagreements(gate: ExecutionDecision, oracle: OracleDecision): string[] {
  const found: string[] = [];
  const codes = new Set<string>(gate.reasons.map((reason) => reason.code));
  for (const code of oracle.deny) if (!codes.has(code)) found.push(`the gate does not name ${code}`);
  for (const group of oracle.denyGroups)
    if (![...group].some((code) => codes.has(code))) found.push(`the gate names none of ${[...group].join(', ')}`);
  const known = new Set<string>([
    ...oracle.deny,
    ...oracle.tighten,
    ...oracle.denyGroups.flatMap((group) => [...group]),
  ]);
  for (const code of codes) if (!known.has(code)) found.push(`the gate alone names ${code}`);
  // The documents do not say what an exit is called that is larger than asked (venue's minimum, rest taken along).
  const mayDiffer = oracle.isRaised && gate.decision === 'ALLOW';
  if (gate.decision !== oracle.decision && !mayDiffer)
    found.push(`decision ${gate.decision}, oracle ${oracle.decision}`);
  const { effective } = gate;
  if ((effective === null) !== (oracle.decision === 'BLOCK')) found.push('effective is there for a BLOCK, or missing');
  if (effective === null || oracle.decision === 'BLOCK' || oracle.action === 'cancel') return found;
  const compare = (what: string, seen: unknown, expected: unknown): void => {
    if (seen !== expected) found.push(`${what} ${seen}, oracle ${expected}`);
  };
  compare('action', effective.action, oracle.action);
  compare('side', effective.side, oracle.side);
  compare('lots', effective.lots, Number(oracle.lots));
  compare('reduce_only', effective.reduce_only, oracle.reduceOnly);
  compare('slices', gate.constraints.staging_plan.length, Number(oracle.slices));
  if (oracle.leverage !== null) compare('leverage', effective.leverage, Number(oracle.leverage));
  if (oracle.priceTicks !== null) compare('price', effective.price_ticks, Number(oracle.priceTicks));
  if (oracle.opening !== null) {
    const slippage = toNumber(oracle.opening.slippageBps);
    if (Math.abs((effective.max_slippage_bps ?? Number.NaN) - slippage) > 1e-9)
      found.push(`slippage ${effective.max_slippage_bps}, oracle ${slippage}`);
  }
  return found;
}
