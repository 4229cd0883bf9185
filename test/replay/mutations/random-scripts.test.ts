import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { AgentRequest, AgentView } from '../../../daemon/evaluation/facts/agents.ts';
import {
  buildCancel,
  buildClose,
  buildClosingOrder,
  buildModify,
  buildOpening,
} from '../../../daemon/evaluation/intents/requests.ts';
import { forAll } from '../../for-all.ts';
import { CALM_PAST, drift, type Move, noise, QUIET_MOVE, type SymbolPath, VOLATILE_PAST } from './market.ts';
import { Stage } from './run-scene.ts';
import { BTC, ETH, MINUTE_MS, type Scene, type ScriptedAsk, SOL } from './scene.ts';

const RUNS = 20;
const MIN_FILLS = 500;
const SYMBOLS = [BTC, ETH, SOL];

const stretch: fc.Arbitrary<readonly Move[]> = fc.oneof(
  fc
    .record({ bars: fc.integer({ min: 1, max: 8 }), size: fc.constantFrom(QUIET_MOVE, 0.0006, 0.0014) })
    .map(({ bars, size }) => noise(bars, size, size > 0.001 ? 3e6 : 1e6)),
  fc
    .record({ bars: fc.integer({ min: 1, max: 6 }), total: fc.double({ min: -0.1, max: 0.1, noNaN: true }) })
    .map(({ bars, total }) => drift(bars, total)),
  fc.constant(noise(3, QUIET_MOVE, 300)),
);
function path(symbol: string): fc.Arbitrary<SymbolPath> {
  return fc
    .record({
      past: fc.constantFrom(CALM_PAST, VOLATILE_PAST),
      stretches: fc.array(stretch, { minLength: 6, maxLength: 8 }),
    })
    .map(({ past, stretches }) => ({
      symbol,
      past,
      judged: [...stretches.flat(), ...noise(40, QUIET_MOVE)].slice(0, 40),
    }));
}

const KINDS = ['market', 'market', 'limit', 'limit', 'modify', 'cancel', 'reverse', 'close'] as const;
const ask = fc.record({
  afterMs: fc.constantFrom(200, 2000, 20_000, 61_000, 20 * MINUTE_MS),
  kind: fc.constantFrom(...KINDS),
  symbol: fc.constantFrom(...SYMBOLS),
  side: fc.constantFrom('buy', 'sell'),
  usdt: fc.double({ min: 20, max: 4000, noNaN: true }),
  leverage: fc.constantFrom(1, 2, 3, 5),
  slippageBps: fc.constantFrom(5, 20, 100),
  /** Distance of a limit from the mark, and which of the resting orders is meant. */
  offset: fc.double({ min: -0.01, max: 0.004, noNaN: true }),
  which: fc.nat(20),
});
type DrawnAsk = typeof ask extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function requestOf(drawn: DrawnAsk, view: AgentView): AgentRequest {
  const { symbol, side, leverage, slippageBps } = drawn;
  const terms = { symbol, side, notionalUsdt: drawn.usdt, leverage, slippageBps };
  const limitPrice = Math.round((view.market.mark(symbol) ?? 1000) * (1 + drawn.offset) * 100) / 100;
  const open = view.account.openOrders;
  const order = open[drawn.which % Math.max(1, open.length)];
  if (drawn.kind === 'limit' || (order === undefined && (drawn.kind === 'modify' || drawn.kind === 'cancel')))
    return buildOpening({ ...terms, limitPrice });
  if (drawn.kind === 'modify')
    return buildModify(order!.symbol, order!.clientOrderId, { limitPrice, requestedNotional: drawn.usdt });
  if (drawn.kind === 'cancel') return buildCancel(order!.symbol, order!.clientOrderId);
  if (drawn.kind === 'reverse') return buildClosingOrder(terms, drawn.which % 2 === 0);
  if (drawn.kind === 'close') return buildClose(symbol, 1 / (1 + drawn.which));
  return buildOpening(terms);
}

const scene: fc.Arbitrary<Scene> = fc
  .record({
    market: fc.tuple(...SYMBOLS.map(path)),
    drawn: fc.array(ask, { minLength: 60, maxLength: 160 }),
    capsScale: fc.constantFrom(1, 5, 20),
  })
  .map(({ market, drawn, capsScale }) => {
    let atMs = 0;
    const asks: ScriptedAsk[] = drawn.map((one) => {
      atMs += one.afterMs;
      const scaled = { ...one, usdt: one.usdt * capsScale };
      return { atMs, request: (view) => requestOf(scaled, view) };
    });
    return { rule: 'none', clauses: [], story: '', market, asks, capsScale, off: {}, seenAs: [] };
  });

/** Turnover and fees to come are valued apart (see disagreements.test.ts), so the judge leaves these two out here. */
const UNBUDGETED = { 'budgets.turnover_usdt_per_day': 1e12, 'budgets.fees_usdt_per_day': 1e9 };

it('SAE-SAME-CODE, ATK-ADAPT: no script of orders, modifies, cancels and exits gets anything out of scope', () => {
  let fills = 0;
  forAll([scene], { numRuns: RUNS, seed: 20_260_301 }, (drawn) => {
    const { result } = new Stage().run({ ...drawn, premise: { scope: UNBUDGETED } }, {});
    fills += result.fills;
    assert.deepEqual(result.disagreements, [], 'whatever was executed was in scope when it was decided');
  });
  assert.ok(fills > MIN_FILLS, `the scripts trade (${fills} fills)`);
});
