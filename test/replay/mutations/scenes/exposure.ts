import type { SignalKind } from '../../../../daemon/core/policy.ts';
import { BTC, buy, ETH, MINUTE_MS, type Scene, SECOND_MS } from '../scene.ts';
import { LARGEST_GROSS, SLIPPAGE } from './harms.ts';
import { calm, type SceneRow, scenes, thin } from './markets.ts';

const LIMIT_ONLY = { type: 'object', properties: { order_type: { enum: ['limit'] } } };

/** Opens BTC 900 in calm markets, of which less is held under the rule. */
const OPENED_900: Partial<Scene> = { asks: [buy(MINUTE_MS, BTC, 900)], harm: LARGEST_GROSS };

/** A signal in force while that is requested, and its effect switched off. */
function signalled(kind: SignalKind, story: string, off: Scene['off']): SceneRow {
  const clauses = ['SAE-TRUST', 'SAE-M2'];
  return { rule: `signal: ${kind}`, clauses, story: `${story}; BTC 900.`, signals: [kind], off };
}

/**
 * What tightens beyond the judge's caps, which leave trust, trader state and an agent's own caps out (SAE section 9).
 */
export const EXPOSURE_SCENES = scenes(OPENED_900, [
  {
    rule: 'trust tier by provenance',
    clauses: ['SAE-TRUST', 'SAE-M2'],
    story: 'An agent of low provenance (0.3) asks for BTC 900; half of R is its.',
    premise: { policy: { 'trust.default.provenance': 0.3 } },
    off: { 'trust.tiers': [{ capability_risk_above: 0.7, multiplier: 0.5 }] },
  },
  {
    rule: 'trust tier by capability risk',
    clauses: ['SAE-TRUST', 'SAE-M2'],
    story: 'The same for an agent of high capability risk (0.8).',
    premise: { policy: { 'trust.default.capability_risk': 0.8 } },
    off: { 'trust.tiers': [{ provenance_below: 0.4, multiplier: 0.5 }] },
  },
  signalled('injection', 'A monitor has seen an injection, which leaves 0.4 of R', {
    'trust.signals.injection.multiplier': 1,
  }),
  signalled('narrative', 'A monitor has seen a contagious narrative, which leaves half of R', {
    'trust.signals.narrative.multiplier': 1,
  }),
  signalled('anomaly', 'A monitor has seen an anomaly, which ends opening', {
    'trust.signals.anomaly': { multiplier: 1, max_ttl_ms: 3_600_000 },
  }),
  {
    rule: 'trader state',
    clauses: ['SAE-BUDGET'],
    story: 'An agent whose p_t of 0.1 reaches a limit_at of 0.05 asks for BTC 900; half of R is its.',
    premise: { policy: { 'trader_state.limit_at': 0.05 } },
    off: { 'trader_state.limit_at': 0.5 },
  },
  {
    rule: 'trader state that blocks',
    clauses: ['SAE-BUDGET'],
    story: 'The same where reaching block_at refuses.',
    premise: {
      policy: { 'trader_state.limit_at': 0.05, 'trader_state.block_at': 0.06, 'trader_state.enforce_block': true },
    },
    off: { 'trader_state.enforce_block': false },
  },
  {
    rule: "an agent's own caps",
    clauses: ['SAE-R'],
    story: 'An agent that may place 300 asks for BTC 900.',
    premise: { policy: { 'agents.default': { budgets: { order_notional_usdt: 300 } } } },
    off: { 'agents.default': {} },
  },
  {
    rule: "an operator's schema of a tool",
    clauses: ['SAE-T'],
    story: 'Only limit orders are allowed by the schema of place_order; BTC 300 at market.',
    premise: { policy: { 'tools.place_order.args': LIMIT_ONLY } },
    asks: [buy(MINUTE_MS, BTC, 300)],
    off: { 'tools.place_order.args': { type: 'object' } },
  },
  {
    rule: 'duplicate window',
    clauses: ['SAE-M4', 'ATK-FLOOD'],
    story: 'BTC 300 is asked for twice within ten seconds.',
    asks: [buy(MINUTE_MS, BTC, 300), buy(MINUTE_MS + 5 * SECOND_MS, BTC, 300)],
    off: { 'temporal.duplicate_window_ms': 1 },
  },
  {
    rule: 'margin buffer',
    clauses: ['SAE-U'],
    story: 'At caps x 11 BTC 9,990 at 1x: no more than the margin without the buffer.',
    capsScale: 11,
    premise: { policy: { 'account.margin_buffer_usdt': 100 } },
    asks: [buy(MINUTE_MS, BTC, 9990)],
    off: { 'account.margin_buffer_usdt': 10 },
  },
  {
    rule: 'price collar',
    clauses: ['SAE-M5'],
    story: 'A collar of 5 bps around the mark, tighter than the slippage cap; BTC 200 in bars of 1,000 USDT.',
    market: [thin(calm(BTC)), calm(ETH)],
    premise: { policy: { 'market.collar_bps': 5 } },
    asks: [buy(MINUTE_MS, BTC, 200)],
    off: { 'market.collar_bps': 100 },
    harm: SLIPPAGE,
  },
]);
