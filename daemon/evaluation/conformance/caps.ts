import type { Factor, IntendedPolicySpec, Multiplier, Regime } from '../../core/policy.ts';

/** R as the market tightens it (SAE-R, SAE-M), read from the policy file alone. Amounts in USDT. */
export interface Caps {
  readonly leverage: number;
  readonly orderUsdt: number;
  readonly symbolUsdt: number;
  readonly grossUsdt: number;
  readonly orderRate: number;
  readonly slippageBps: number;
  readonly cooldownMs: number;
  readonly isReduceOnly: boolean;
}
/** Far below a lot; keeps a product of fractions from falling below the whole number that it means. */
const ROUNDING = 1e-9;

function toNumber(factor: Factor): number {
  if (typeof factor === 'number') return factor;
  const [over, under] = factor.split('/').map(Number);
  if (over === undefined || under === undefined) throw new Error(`the policy has a factor "${factor}"`);
  return over / under;
}
function factorOf(multiplier: Multiplier, component: 'leverage' | 'notional' | 'order_rate' | 'slippage'): number {
  return toNumber(typeof multiplier === 'object' ? multiplier[component] : multiplier);
}

/**
 * Caps of an order of a symbol in `regime`, while `portfolio` is the strictest regime of it and of every symbol with
 * exposure. The account's tiers (U), trust and trader state are not read: these caps are never tighter than the truth.
 */
export function readCaps(spec: IntendedPolicySpec, regime: Regime, portfolio: Regime): Caps {
  const { budgets } = spec;
  const own = spec.market.regimes[regime];
  const shared = spec.market.regimes[portfolio];
  return {
    leverage: Math.max(1, Math.floor(budgets.leverage * factorOf(own, 'leverage') + ROUNDING)),
    orderUsdt: budgets.order_notional_usdt * factorOf(own, 'notional'),
    symbolUsdt: budgets.symbol_notional_usdt * factorOf(own, 'notional'),
    grossUsdt: budgets.gross_notional_usdt * factorOf(shared, 'notional'),
    orderRate: Math.floor(budgets.order_rate.max * factorOf(shared, 'order_rate') + ROUNDING),
    slippageBps: budgets.slippage_bps * factorOf(own, 'slippage'),
    cooldownMs: own.cooldown_ms,
    isReduceOnly: own.reduce_only === true,
  };
}

/** Largest notional that one symbol may have beside `heldUsdt` of lots of the other symbols (SAE-U concentration). */
export function concentrationCap({ account }: IntendedPolicySpec, heldUsdt: number): number {
  const { share, floor_usdt: floor } = account.concentration;
  return share >= 1 ? Number.POSITIVE_INFINITY : Math.max(floor, (share / (1 - share)) * heldUsdt);
}
