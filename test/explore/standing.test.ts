import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type History, readHistory } from '../../scripts/explore/history.ts';
import { type FoundPlan, PLAIN_SETUP, type Plan } from '../../scripts/explore/plan.ts';
import { findStandingBreaches } from '../../scripts/explore/promises/standing.ts';
import type { Decision } from '../../scripts/explore/records.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const FILE = join(import.meta.dirname, 'found', 'resting-order-beside-a-fall-elsewhere.json');

type Context = Decision['event']['context'];
type Change = (context: Context) => Context;

async function play<T>(plan: Plan, look: (history: History) => T): Promise<T> {
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    return look(readHistory(world, plan));
  } finally {
    world.close();
  }
}

/** The history with decisions taken on other figures: the review's, and those of before it. */
function tamper(
  history: History,
  { review = (c) => c, before = (c) => c }: { review?: Change; before?: Change },
): History {
  const decisions = new Map(
    [...history.decisions].map(([id, decision]) => {
      const { event } = decision;
      const change = event.decision.kind === 'standing' ? review : before;
      return [id, { ...decision, event: { ...event, context: change(event.context) } }];
    }),
  );
  const orders = new Map(
    [...history.orders].map(([id, { decision, planned }]) => [
      id,
      { planned, decision: decisions.get(decision.id) ?? decision },
    ]),
  );
  return { ...history, decisions, orders };
}

const account =
  (figures: Partial<NonNullable<Context['account']>>): Change =>
  (c) => ({ ...c, account: c.account && { ...c.account, ...figures } });
const elsewhere =
  (other_regime: 'calm' | 'volatile' | 'extreme' | null): Change =>
  (c) => ({ ...c, exposure: { ...c.exposure, other_regime } });
const here =
  (held_regime: 'calm' | 'volatile' | 'extreme'): Change =>
  (c) => ({ ...c, market: { ...c.market, held_regime } });
const away =
  (liquidation_distance: number): Change =>
  (c) => ({ ...c, exposure: { ...c.exposure, liquidation_distance } });

describe('what rests stays until something tightens', () => {
  it('an order that is asked back is asked back for what has become stricter since, and for nothing else', async () => {
    const { plan } = JSON.parse(readFileSync(FILE, 'utf8')) as FoundPlan;
    await play(plan, (history) => {
      assert.equal([...history.decisions.values()].filter(({ event }) => event.decision.kind === 'standing').length, 1);
      const after =
        (first: Change, second: Change): Change =>
        (context) =>
          second(first(context));
      const calm = elsewhere('calm');
      const cases: readonly (readonly [string, boolean, { review?: Change; before?: Change }])[] = [
        ['as it happened: the regime elsewhere is stricter', true, {}],
        ['nothing is stricter', false, { review: calm }],
        ['nothing is held elsewhere', false, { review: elsewhere(null) }],
        ['it was as strict before', false, { before: elsewhere('extreme') }],
        ['it is less strict than before', false, { before: elsewhere('extreme'), review: elsewhere('volatile') }],
        // Rule 15 decides whatever rests again.
        ['elsewhere stricter, and no stricter than here', true, { before: here('extreme'), review: here('extreme') }],
        ['here strict all along', false, { before: here('extreme'), review: after(calm, here('extreme')) }],
        ['the regime here', true, { review: after(calm, here('volatile')) }],
        ['drawdown just below its tier', false, { review: after(calm, account({ drawdown: 0.0499 })) }],
        ['drawdown', true, { review: after(calm, account({ drawdown: 0.05 })) }],
        [
          'a drawdown of before',
          false,
          { before: account({ drawdown: 0.06 }), review: after(calm, account({ drawdown: 0.07 })) },
        ],
        [
          'a second tier of drawdown',
          true,
          { before: account({ drawdown: 0.06 }), review: after(calm, account({ drawdown: 0.1 })) },
        ],
        ['daily loss just below its tier', false, { review: after(calm, account({ daily_loss: 0.0299 })) }],
        ['daily loss', true, { review: after(calm, account({ daily_loss: 0.03 })) }],
        ['margin ratio just below its tier', false, { review: after(calm, account({ margin_ratio: 0.49 })) }],
        ['margin ratio', true, { review: after(calm, account({ margin_ratio: 0.5 })) }],
        ['far from liquidation', false, { review: after(calm, away(0.2)) }],
        ['near liquidation', true, { review: after(calm, away(0.1)) }],
      ];
      for (const [name, isTighter, changes] of cases) {
        const codes = findStandingBreaches(tamper(history, changes)).map(({ code }) => code);
        assert.deepEqual(codes, isTighter ? [] : ['standing/untightened'], name);
      }
    });
  });

  it('an order that fills its cap outlives a mark that moves', async () => {
    const setup = { ...PLAIN_SETUP, caps: { order: 1_201, symbol: 1_201, gross: 2_402 } };
    const open = { kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 1_201, limitBps: -60 } as const;
    const plan: Plan = {
      seed: 1,
      setup,
      steps: [
        { gap: 0, do: open },
        { gap: 5_000, do: { kind: 'mark', symbol: 'BTCUSDT', bps: 5 } },
        { gap: 5_000, do: { kind: 'mark', symbol: 'BTCUSDT', bps: -3 } },
      ],
    };
    await play(plan, (history) => {
      assert.deepEqual(findStandingBreaches(history), []);
      assert.equal(history.orders.size, 1);
      assert.ok(
        !history.events.some(({ event }) => event.kind === 'order_intent' && event.payload.action === 'cancel'),
      );
      assert.equal([...history.world.exchange.world.state.orders.values()].at(-1)?.status, 'NEW');
    });
  });
});
