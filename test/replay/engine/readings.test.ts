import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everyLiveOrder, type OrderState } from '../../../daemon/engine/orders/orders.ts';
import { GATE_AGENT } from '../../../daemon/engine/plan/orders.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { AccountFacts } from '../../../daemon/evaluation/facts/judging.ts';
import type { MarketData } from '../../../daemon/evaluation/facts/markets.ts';
import { readScope } from '../../../daemon/evaluation/judge/scope.ts';
import { buildSyntheticMarket } from '../../../daemon/evaluation/market/synthetic.ts';
import type { ReplayRun } from '../../../daemon/evaluation/run/run.ts';
import type { Scenario } from '../../../daemon/evaluation/setup/scenarios.ts';
import { forSymbols, loadVariant, type Variant } from '../../../daemon/evaluation/setup/variants.ts';
import { Workbench } from '../../../daemon/evaluation/setup/workbench.ts';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];
const MARKET = buildSyntheticMarket({ seed: 1, bars: 900, barMs: 900_000, warmupBars: 400, symbols: SYMBOLS });
/** The same, but that no bar opens where the one before it has closed. */
const GAPPED: MarketData = {
  ...MARKET,
  symbols: MARKET.symbols.map((bars) => ({
    ...bars,
    open: bars.open.map((_, i) => (i % 2 === 0 ? bars.low[i]! : bars.high[i]!)),
  })),
};
/** Large enough caps for losses that reach a tier. */
const SCENARIO: Scenario = { attack: 'heavy', sides: 'clairvoyant', capsScale: 5 };
const AGENTS = ['martingale/over-asking', 'momentum/within-budget', 'shared'];
const SEEDS = [1, 2, 3];

const HOLDFAST = forSymbols(loadVariant('Holdfast'), SYMBOLS);
/** What an order costs may end opening, for a moment and often; every order has slices that wait. */
const TIMID: Variant = {
  ...HOLDFAST,
  hash: 'timid',
  spec: {
    ...HOLDFAST.spec,
    account: {
      ...HOLDFAST.spec.account,
      drawdown: { window_ms: 3_600_000, tiers: [{ at: 0.0004, reduce_only: true }] },
    },
    market: {
      ...HOLDFAST.spec.market,
      regimes: { ...HOLDFAST.spec.market.regimes, calm: { ...HOLDFAST.spec.market.regimes.calm, slices: 4 } },
    },
  },
};

interface Hooks {
  /** `told`: what the judge was told of the account last. */
  readonly onDecision?: (event: DecisionEvent, reported: AccountFacts) => void;
  readonly onBar?: (run: ReplayRun, reported: AccountFacts) => void;
  readonly onMark?: (run: ReplayRun) => void;
  readonly onEvent?: (event: GateEvent, core: ReplayRun['core']) => void;
  readonly onAccount?: (facts: AccountFacts) => void;
}

/** Plays one account under attack. */
function play(agent: string, seed: number, hooks: Hooks, market = MARKET, variant = HOLDFAST): void {
  const { onDecision, onBar, onMark, onAccount, onEvent } = hooks;
  let last: AccountFacts | null = null;
  const reported = (): AccountFacts => last ?? assert.fail('nothing was told of the account');
  const run: ReplayRun = new Workbench(market, readScope()).run(
    { variant, scenario: SCENARIO, seed, agent, legitRequests: 0 },
    {
      wrapJudge: (judge) => {
        const tell = judge.account.bind(judge);
        judge.account = (facts) => {
          last = facts;
          onAccount?.(facts);
          tell(facts);
        };
        const mark = judge.mark.bind(judge);
        judge.mark = (symbol, atMs, price) => {
          onMark?.(run);
          mark(symbol, atMs, price);
        };
        return judge;
      },
      onBarClose: (closed) => onBar?.(closed, reported()),
    },
  );
  const { state } = run.core;
  const apply = state.apply.bind(state);
  state.apply = (event: GateEvent) => {
    if (event.kind === 'decision') onDecision?.(event.payload, reported());
    const ended = apply(event);
    onEvent?.(event, run.core);
    return ended;
  };
  run.run();
}

describe('readings of the account in a replay', () => {
  it('the gate opens nothing on an account that the judge was not told of', () => {
    const decided = { tool: 0, slice: 0 };
    for (const agent of AGENTS)
      for (const seed of SEEDS)
        play(agent, seed, {
          onDecision: ({ context, decision, request }, reported) => {
            const { kind } = decision;
            if ((kind !== 'tool' && kind !== 'slice') || request.intent !== 'open') return;
            decided[kind] += 1;
            const of = `${agent} seed ${seed}, ${kind} of ${context.now_ms}`;
            assert.equal(context.account?.equity_usdt, reported.equityUsdt, `${of}: equity`);
            const { equityUsdt, maintenanceMarginUsdt } = reported;
            assert.equal(context.account?.margin_ratio, maintenanceMarginUsdt / equityUsdt, `${of}: margin ratio`);
          },
        });
    assert.ok(decided.tool > 1_000 && decided.slice > 500, `${decided.tool} orders and ${decided.slice} slices`);
  });

  it('a tier that is reached or left is read at once, whatever the last reading was made for', () => {
    const changes = { reached: 0, left: 0 };
    for (const agent of AGENTS)
      for (const seed of SEEDS) {
        let before = 0;
        play(agent, seed, {
          onBar: ({ account, clock, core }, reported) => {
            // A flat account's equity does not move.
            if (account.held === 0) return;
            const { drawdown, daily_loss: dailyLoss } = core.policyFor(GATE_AGENT).spec.account;
            const { equity } = core.state;
            const tiersOf = (atMs: number, usdt: number): number =>
              countReached(drawdown.tiers, equity.drawdown(atMs, usdt, drawdown.window_ms)) * 10 +
              countReached(dailyLoss.tiers, equity.dailyLoss(atMs, usdt));
            const read = tiersOf(reported.atMs, reported.equityUsdt);
            const now = tiersOf(clock.nowMs, account.equityUsdt());
            assert.equal(read, now, `${agent} seed ${seed} at ${clock.nowMs}: tiers`);
            if (now > before) changes.reached += 1;
            if (now < before) changes.left += 1;
            before = now;
          },
        });
      }
    assert.ok(changes.reached > 20 && changes.left > 20, JSON.stringify(changes));
  });

  it('what waits when a tier of the account ends opening is not sent, though the tier is left on the next move', () => {
    let ended = 0;
    for (const agent of AGENTS)
      for (const seed of SEEDS) {
        let waiting: readonly OrderState[] = [];
        const hooks: Hooks = {
          onEvent: ({ kind, payload }, { state }) => {
            if (kind !== 'state' || payload.layer !== 'condition' || payload.scope !== 'account') return;
            if (payload.state === 'reducing') waiting = everyLiveOrder(state.orders).filter(isWaiting);
          },
          onMark: () => {
            for (const order of waiting)
              assert.equal(order.status, 'canceled', `${agent} seed ${seed}: ${order.clientOrderId}`);
            ended += waiting.length;
            waiting = [];
          },
        };
        play(agent, seed, hooks, MARKET, TIMID);
      }
    assert.ok(ended > 20, `${ended} slices`);
  });

  it('a bar that opens is read at its own marks, though the one before it was read as it closed', () => {
    let bars = 0;
    const opened = { atMs: 0, equityUsdt: 0, isRead: true };
    const isOpen = ({ atMs, equityUsdt }: AccountFacts): boolean =>
      atMs === opened.atMs && equityUsdt === opened.equityUsdt;
    play(
      'momentum/within-budget',
      1,
      {
        onMark: ({ account, clock }) => {
          if (clock.step > 0 || account.held === 0 || clock.nowMs === opened.atMs) return;
          assert.ok(opened.isRead, `the bar of ${opened.atMs} was not read as it opened`);
          bars += 1;
          Object.assign(opened, { atMs: clock.nowMs, equityUsdt: account.equityUsdt(), isRead: false });
        },
        onAccount: (facts) => {
          opened.isRead ||= isOpen(facts);
        },
      },
      GAPPED,
    );
    assert.ok(bars > 100, `${bars} bars`);
  });
});

function isWaiting({ reduceOnly, status }: OrderState): boolean {
  return status === 'pending_send' && !reduceOnly;
}

function countReached(tiers: readonly { readonly at: number }[], level: number): number {
  return tiers.filter(({ at }) => level >= at).length;
}
