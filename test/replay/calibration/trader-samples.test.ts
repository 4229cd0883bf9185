import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { TradeFill } from '../../../daemon/core/features/round-trips.ts';
import { TradeBook } from '../../../daemon/engine/accounts/trades.ts';
import type { FillFacts, OrderFacts, ScopeJudge } from '../../../daemon/evaluation/facts/judging.ts';
import { HORIZON_TRADES } from '../../../daemon/evaluation/metrics/calibration/escalation.ts';
import { buildTraderSamples, watchTrader } from '../../../daemon/evaluation/metrics/calibration/trader-samples.ts';
import { DEFAULT_POLICY } from '../../policy/documents.ts';

const SECTION = DEFAULT_POLICY.trader_state;
const LOT = 0.001;

/** Round trips in two symbols that grow after losses: every trade in two parts, closed at once. */
function drawFills(seed: number, trades: number): TradeFill[] {
  const random = xoroshiro128plus(seed);
  const fills: TradeFill[] = [];
  let atMs = 1_760_000_000_000;
  let lots = 4;
  for (let i = 0; i < trades; i++) {
    const symbol = uniformFloat64(random) < 0.7 ? 'BTCUSDT' : 'ETHUSDT';
    const price = 60_000 * (1 + 0.01 * (uniformFloat64(random) - 0.5));
    const hasWon = uniformFloat64(random) < 0.45;
    const add = (side: 'buy' | 'sell', part: number, at: number) => {
      atMs += 1 + Math.floor(uniformFloat64(random) * 4_000_000);
      fills.push({ symbol, side, lots: part, lot_size: LOT, price: at, fee_usdt: 0.01, at_ms: atMs });
    };
    add('buy', lots / 2, price);
    add('buy', lots / 2, price);
    add('sell', lots, price * (hasWon ? 1.01 : 0.99));
    lots = hasWon ? 4 : Math.min(64, lots * 2);
  }
  return fills;
}

describe('samples of the trader state', () => {
  it('SAE-SAME-CODE p_t is the one that the gate computes from the same fills', () => {
    const fills = drawFills(3, 80);
    const { samples } = buildTraderSamples('martingale/1', fills, SECTION);
    const book = new TradeBook();
    const byGate = new Map<number, number>();
    for (const fill of fills) {
      book.addFill('agent', fill);
      byGate.set(fill.at_ms, book.risk('agent', fill.at_ms, SECTION));
    }
    assert.ok(samples.length > 30, `samples were taken (${samples.length})`);
    for (const { atMs, p } of samples) assert.equal(p, byGate.get(atMs), `p_t at ${atMs}`);
    assert.ok(new Set(samples.map(({ p }) => p)).size > 10, 'and it moves');
  });

  it('there is one a round trip, less those whose outcome is not known yet', () => {
    const { samples, unknown } = buildTraderSamples('a', drawFills(4, 80), SECTION);
    assert.equal(samples.length + unknown, 80, 'one at the end of each');
    assert.equal(unknown, HORIZON_TRADES, 'the last twenty have no twenty trades after them');
    assert.ok(
      samples.some(({ escalated }) => escalated === 1),
      'a martingale escalates',
    );
    assert.ok(
      samples.every(({ account }) => account === 'a'),
      'account',
    );
  });

  it('a forecast uses nothing of what comes after it', () => {
    const fills = drawFills(5, 80);
    const whole = buildTraderSamples('a', fills, SECTION).samples;
    const part = buildTraderSamples('a', fills.slice(0, 3 * 60), SECTION).samples;
    assert.deepEqual(part, whole.slice(0, part.length), 'a shorter history ends sooner and is otherwise the same');
  });

  it('an agent without round trips gives no sample', () => {
    assert.deepEqual(buildTraderSamples('a', [], SECTION), { samples: [], unknown: 0 }, 'nothing');
    const open = drawFills(6, 1).slice(0, 2);
    assert.deepEqual(buildTraderSamples('a', open, SECTION), { samples: [], unknown: 0 }, 'one that is still open');
  });
});

describe('the watch beside a judge', () => {
  it('writes down the fills and passes on everything that the judge is told', () => {
    const reported: unknown[] = [];
    const tell =
      <Answer>(name: string, answer: Answer) =>
      (...facts: readonly unknown[]): Answer => {
        reported.push([name, ...facts]);
        return answer;
      };
    const verdict = { inTightenedScope: true, inHardScope: true, lots: 3, rules: [] };
    const judged = { rules: ['x'], openedLots: 3 };
    const judge: ScopeJudge = {
      bar: tell('bar', undefined),
      funding: tell('funding', undefined),
      mark: tell('mark', undefined),
      account: tell('account', undefined),
      ask: tell('ask', verdict),
      order: tell('order', undefined),
      amend: tell('amend', undefined),
      fill: tell('fill', judged),
      orderEnded: tell('orderEnded', undefined),
      liquidated: tell('liquidated', undefined),
      times: tell('times', { overCapMs: 1, reduceOnlyMs: 2 }),
      regime: tell('regime', 'volatile'),
    };
    const watch = watchTrader(judge, () => LOT);
    const order = { orderId: 'o1', symbol: 'BTCUSDT', side: 'sell' } as OrderFacts;
    const fill: FillFacts = { orderId: 'o1', atMs: 7, lots: 3, price: 60_000, feeUsdt: 0.07 };
    watch.judge.bar('BTCUSDT', 1, 2, 3, 4, 5, 6);
    watch.judge.order(order);
    assert.equal(watch.judge.fill(fill), judged, 'the verdict of the judge');
    watch.judge.orderEnded('o1', 8);
    watch.judge.liquidated(9);
    assert.equal(watch.judge.regime('BTCUSDT'), 'volatile', 'its regime');
    assert.deepEqual(
      reported,
      [
        ['bar', 'BTCUSDT', 1, 2, 3, 4, 5, 6],
        ['order', order],
        ['fill', fill],
        ['orderEnded', 'o1', 8],
        ['liquidated', 9],
        ['regime', 'BTCUSDT'],
      ],
      'in the same order',
    );
    assert.deepEqual(
      watch.fills,
      [{ symbol: 'BTCUSDT', side: 'sell', lots: 3, lot_size: LOT, price: 60_000, fee_usdt: 0.07, at_ms: 7 }],
      'fills',
    );
  });
});
