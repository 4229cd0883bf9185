import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OrderInstruction } from '../../../daemon/engine/records/venue.ts';
import { ReplayAccount } from '../../../daemon/evaluation/exchange/account.ts';
import { ReplayExchange } from '../../../daemon/evaluation/exchange/exchange.ts';
import type { Answered, Fill } from '../../../daemon/evaluation/exchange/orders.ts';
import { MarketClock, STEPS_PER_BAR } from '../../../daemon/evaluation/market/walk/clock.ts';
import { prepareMarket } from '../../../daemon/evaluation/market/walk/prepared.ts';
import { INSTRUMENT } from './instrument.ts';
import { BAR_MS, buildBars, buildMarket, type Candle, START_MS } from './market.ts';

interface Desk {
  readonly clock: MarketClock;
  readonly account: ReplayAccount;
  readonly exchange: ReplayExchange;
  readonly fills: Fill[];
}
/** An exchange at the opening of the first judged of these bars. */
function openExchange(candles: readonly (Candle | null)[]): Desk {
  const clock = new MarketClock(prepareMarket(buildMarket([buildBars(candles, 1)], candles.length - 1)));
  const account = new ReplayAccount([INSTRUMENT], clock, 10_000);
  const exchange = new ReplayExchange(account, clock);
  const fills: Fill[] = [];
  exchange.onReport = (_report, fill) => {
    if (fill !== null) fills.push(fill);
  };
  clock.openBar(START_MS, (symbol) => Math.sign(account.lots(symbol)));
  return { clock, account, exchange, fills };
}
interface Wanted {
  readonly id?: string;
  readonly side?: 'buy' | 'sell';
  readonly lots?: number;
  readonly priceTicks?: number;
  readonly reduceOnly?: boolean;
}
function place(exchange: ReplayExchange, over: Wanted, isIoc: boolean): Answered {
  const { id = 'o1', lots = 10, priceTicks = 500_000, reduceOnly = false, side = 'buy' } = over;
  const sent: OrderInstruction = {
    clientOrderId: id,
    symbol: INSTRUMENT.symbol,
    side,
    orderType: 'limit',
    timeInForce: isIoc ? 'IOC' : 'GTC',
    goodTillMs: null,
    quantityE8: lots * 1e5,
    priceE8: priceTicks * 1e7,
    reduceOnly,
  };
  return exchange.submit(sent, 1);
}
const QUIET: Candle = [50_000, 50_010, 49_990, 50_000, 1000];
const CRASH: Candle = [50_000, 50_500, 48_000, 49_000, 1000];

describe('the replayed exchange', () => {
  it('walks the bar: the extreme that hurts the position first, then the other, then the close', () => {
    const { clock, account } = openExchange([QUIET, CRASH, CRASH]);
    assert.equal(clock.marks[0], 50_000, 'opens at the open');
    clock.moveTo(7);
    assert.equal(clock.marks[0], 50_500, 'a flat account sees a falling bar from its high');
    account.fill(0, 10, 50_500, false);
    clock.moveTo(STEPS_PER_BAR);
    clock.openBar(START_MS + BAR_MS, (symbol) => Math.sign(account.lots(symbol)));
    clock.moveTo(7);
    assert.equal(clock.marks[0], 48_000, 'a long sees the low first');
    clock.moveTo(14);
    assert.equal(clock.marks[0], 50_500, 'then the high');
    clock.moveTo(STEPS_PER_BAR);
    assert.equal(clock.marks[0], 49_000, 'then the close');
  });

  it('fills a taker within its bound and drops the rest', () => {
    const { exchange, account } = openExchange([QUIET, QUIET]);
    const wide = place(exchange, { priceTicks: 505_000, lots: 20 }, true);
    assert.ok(wide.fill !== null && wide.fill.lots === 20, 'wide enough for all');
    assert.ok(wide.fill.price > 50_000, 'a buyer pays more than the mark');
    const tight = place(exchange, { id: 'o2', priceTicks: 500_030, lots: 20 }, true);
    assert.ok(
      tight.outcome.kind === 'accepted' && exchange.resting.size === 0 && (tight.fill?.lots ?? 0) < 20,
      'a tight bound leaves a rest unfilled',
    );
    const bounded = tight.fill === null || tight.fill.price <= 50_003;
    assert.ok(bounded, 'never beyond its price');
    assert.ok(account.lots(0) >= 20, 'the account holds what was filled');
  });

  it('fills both orders that one mark reaches, also when the first fill is answered with a cancel of the second', () => {
    const { exchange, account } = openExchange([QUIET, QUIET]);
    const reported: string[] = [];
    exchange.onReport = ({ clientOrderId: id, status }) => {
      reported.push(`${id} ${status}, holding ${account.lots(0)}`);
      if (id === 'sell') reported.push(`cancel of buy: ${exchange.cancel('buy', 'regular').kind}`);
    };
    // Within the spread: neither takes anything as it is placed.
    place(exchange, { id: 'sell', side: 'sell', priceTicks: 499_980 }, false);
    place(exchange, { id: 'buy', side: 'buy', lots: 4, priceTicks: 500_020 }, false);
    exchange.settle();
    assert.deepEqual(reported, ['sell filled, holding -6', 'cancel of buy: unknown', 'buy filled, holding -6']);
    assert.equal(exchange.resting.size, 0, 'nothing is left to fill again');
  });

  it('fills a resting order at its own price when the mark reaches it, and not before', () => {
    const { exchange, clock, fills } = openExchange([QUIET, CRASH]);
    const placed = place(exchange, { priceTicks: 490_000 }, false);
    assert.ok(placed.outcome.kind === 'accepted' && exchange.resting.has('o1'), 'it rests below the market');
    clock.moveTo(7);
    assert.equal(exchange.isTriggered(0, 500_000, 505_000), false, 'a rise does not touch it');
    exchange.settle();
    assert.equal(fills.length, 0, 'no fill on the way up');
    assert.equal(exchange.isTriggered(0, 505_000, 480_000), true, 'the fall does');
    clock.moveTo(14);
    exchange.settle();
    assert.deepEqual(
      fills.map(({ lots, price, isMaker }) => ({ lots, price, isMaker })),
      [{ lots: 10, price: 49_000, isMaker: true }],
      'a maker gets its price',
    );
  });

  it('never lets a reduce-only order open or cross', () => {
    const { exchange, account } = openExchange([QUIET, QUIET]);
    const flat = place(exchange, { reduceOnly: true, priceTicks: 505_000 }, true);
    assert.equal(flat.outcome.kind, 'rejected', 'nothing to reduce');
    account.fill(0, -5, 50_000, false);
    place(exchange, { id: 'o2', reduceOnly: true, priceTicks: 505_000, lots: 50 }, true);
    assert.equal(account.lots(0), 0, 'it ends at flat');
  });

  it('refuses what the margin cannot carry, and counts what rests', () => {
    const { exchange } = openExchange([QUIET, QUIET]);
    assert.equal(
      place(exchange, { lots: 250, priceTicks: 490_000 }, false).outcome.kind,
      'rejected',
      '12,500 at 1x on 10,000',
    );
    assert.equal(place(exchange, { lots: 150, priceTicks: 490_000 }, false).outcome.kind, 'accepted', '7,350 fits');
    assert.equal(
      place(exchange, { id: 'o2', lots: 80, priceTicks: 490_000 }, false).outcome.kind,
      'rejected',
      'the rest is taken',
    );
    assert.equal(exchange.cancel('o1', 'regular').kind, 'canceled', 'canceled');
    assert.equal(
      place(exchange, { id: 'o3', lots: 80, priceTicks: 490_000 }, false).outcome.kind,
      'accepted',
      'room again',
    );
  });

  it('fires a stop on the mark and closes the whole position', () => {
    const { exchange, clock, account, fills } = openExchange([QUIET, CRASH]);
    account.fill(0, 10, 50_000, false);
    const stop = { clientOrderId: 's1', symbol: INSTRUMENT.symbol, side: 'sell', triggerE8: 485_000 * 1e7 } as const;
    assert.equal(exchange.submitStop(stop).kind, 'accepted');
    clock.moveTo(14);
    exchange.settle();
    assert.equal(account.lots(0), 0, 'flat');
    assert.equal(fills.length, 1, 'one fill');
  });

  it('does not trade in a gap', () => {
    const { exchange, clock, account } = openExchange([QUIET, QUIET, null, QUIET]);
    account.fill(0, 10, 50_000, false);
    clock.moveTo(STEPS_PER_BAR);
    clock.openBar(START_MS + BAR_MS, (symbol) => Math.sign(account.lots(symbol)));
    assert.equal(clock.isLive(0), false, 'no bar here');
    assert.equal(place(exchange, {}, true).outcome.kind, 'rejected', 'nothing trades');
    clock.openBar(START_MS + 2 * BAR_MS, (symbol) => Math.sign(account.lots(symbol)));
    assert.equal(clock.isLive(0), true, 'the next bar does');
  });
});
