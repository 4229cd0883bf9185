import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReplayAccount } from '../../../daemon/evaluation/exchange/account.ts';
import { averageSlippageBps, depthWithin, takerPrice } from '../../../daemon/evaluation/exchange/fill-model.ts';
import { HALF_SPREAD_BPS } from '../../../daemon/evaluation/market/walk/market-inputs.ts';
import { forAll } from '../../for-all.ts';
import { INSTRUMENT } from './instrument.ts';

function createAccount(mark: number, equity = 10_000): { account: ReplayAccount; marks: Float64Array } {
  const marks = new Float64Array([mark]);
  // Uncounted moves: it is valued whenever it is asked.
  return { account: new ReplayAccount([INSTRUMENT], { marks, moves: Number.NaN }, equity), marks };
}
const near = (actual: number, expected: number, message: string): void =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${message}: ${actual} is not ${expected}`);

describe('the replayed account', () => {
  it('marks to market, charges fees and comes back to the wallet when it closes', () => {
    const { account, marks } = createAccount(50_000);
    near(account.fill(0, 100, 50_000, false), 2.5, 'taker fee of 5,000 USDT');
    near(account.equityUsdt(), 9997.5, 'equity after the fee');
    marks[0] = 51_000;
    near(account.equityUsdt(), 10_097.5, 'equity after the move');
    near(account.grossUsdt(), 5100, 'gross at the mark');
    near(account.fill(0, -100, 51_000, true), 1.02, 'maker fee');
    near(account.walletUsdt, 10_096.48, 'wallet when flat');
    assert.equal(account.held, 0, 'nothing is held');
  });

  it('pays funding by the sign of the position and the mark', () => {
    const { account, marks } = createAccount(50_000);
    account.fill(0, -100, 50_000, false);
    marks[0] = 40_000;
    const before = account.walletUsdt;
    account.settleFunding(0, 0.0001);
    near(account.walletUsdt - before, 0.4, 'a short receives a positive rate');
  });

  it('is liquidated exactly where the exchange says', () => {
    const { account, marks } = createAccount(50_000, 1000);
    account.setLeverage(0, 20);
    account.fill(0, 200, 50_000, false);
    const price = account.liquidationPrice(0);
    assert.ok(price !== null && price < 50_000, 'a leveraged long has a liquidation price');
    marks[0] = price + 0.01;
    assert.equal(account.isBelowMaintenance(), false, 'a hair above it stays');
    marks[0] = price - 0.01;
    assert.equal(account.isBelowMaintenance(), true, 'a hair below it goes');
    account.liquidate();
    assert.equal(account.held, 0, 'nothing is held');
    assert.ok(account.walletUsdt >= 0, 'an account never owes');
  });

  it('is worth the same whenever it is asked, as marks, positions and the wallet change', () => {
    const change = fc.record({
      kind: fc.constantFrom('fill', 'mark', 'funding'),
      symbol: fc.integer({ min: 0, max: 1 }),
      lots: fc.integer({ min: -300, max: 300 }),
      price: fc.integer({ min: 20_000, max: 90_000 }),
      isAsked: fc.boolean(),
    });
    forAll([fc.array(change, { maxLength: 25 })], { numRuns: 200, seed: 1 }, (changes) => {
      const replay = (isOftenAsked: boolean, isCounted: boolean): readonly (number | null)[] => {
        const marks = new Float64Array([50_000, 30_000]);
        const setter = { marks, moves: isCounted ? 0 : Number.NaN };
        const account = new ReplayAccount([INSTRUMENT, INSTRUMENT], setter, 100_000);
        const read = (): readonly (number | null)[] => [
          account.equityUsdt(),
          account.grossUsdt(),
          account.totalMaintenanceUsdt(),
          account.availableUsdt(),
          ...[0, 1].flatMap((i) => [
            account.notionalUsdt(i),
            account.unrealisedUsdt(i),
            account.maintenanceUsdt(i),
            account.entryPrice(i),
            account.liquidationPrice(i),
          ]),
        ];
        for (const { kind, symbol, lots, price, isAsked } of changes) {
          if (isOftenAsked && isAsked) read();
          if (kind === 'mark') {
            marks[symbol] = price;
            setter.moves += 1;
          } else if (kind === 'funding') account.settleFunding(symbol, lots / 1e5);
          else if (lots !== 0) account.fill(symbol, lots, price, false);
        }
        return read();
      };
      for (const isCounted of [false, true])
        assert.deepEqual(replay(true, isCounted), replay(false, false), 'questions in between change no answer');
    });
  });

  it('keeps the books: equity is the start, plus profit at the marks, less fees', () => {
    const trade = fc.record({
      lots: fc.integer({ min: -500, max: 500 }),
      price: fc.integer({ min: 20_000, max: 90_000 }),
    });
    forAll(
      [fc.array(trade, { maxLength: 20 }), fc.integer({ min: 20_000, max: 90_000 })],
      { numRuns: 200, seed: 2 },
      (trades, mark) => {
        const { account, marks } = createAccount(50_000, 1_000_000);
        let cash = 1_000_000;
        let lots = 0;
        let fees = 0;
        for (const { lots: size, price } of trades) {
          if (size === 0) continue;
          fees += account.fill(0, size, price, false);
          cash -= (size / 1000) * price;
          lots += size;
        }
        marks[0] = mark;
        const expected = cash + (lots / 1000) * mark - fees;
        return Math.abs(account.equityUsdt() - expected) < 1e-4;
      },
    );
  });
});

describe('SAE-BOUND: one step costs no more than exposure allows', () => {
  /** Loss of one step: open an exposure at the fill model's price, one move of the mark, one funding. */
  function loseInOneStep(lots: number, move: number, rate: number, volume: number): number {
    const mark = 50_000;
    const { account, marks } = createAccount(mark, 1_000_000);
    if (lots !== 0) {
      const notional = (Math.abs(lots) / 1000) * mark;
      account.fill(0, lots, takerPrice(mark, lots > 0 ? 'buy' : 'sell', averageSlippageBps(notional, volume)), false);
    }
    marks[0] = mark * (1 + move);
    account.settleFunding(0, rate);
    return 1_000_000 - account.equityUsdt();
  }
  const step = fc.record({
    lots: fc.integer({ min: -2000, max: 2000 }),
    move: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
    rate: fc.double({ min: -0.01, max: 0.01, noNaN: true }),
    volume: fc.double({ min: 1e5, max: 1e9, noNaN: true }),
  });
  /** Lipschitz constant of the one-step loss per USDT of exposure: move, funding, fee, and the steepest slippage. */
  const lipschitz = (move: number, rate: number, largest: number, volume: number): number => {
    const slippage = (HALF_SPREAD_BPS + 100 * Math.sqrt(largest / volume)) / 1e4;
    return Math.abs(move) + Math.abs(rate) * (1 + Math.abs(move)) + 0.0005 * (1 + slippage) + slippage;
  };

  it('l(e) - l(0) <= L |e|', () => {
    forAll([step], { numRuns: 500, seed: 3 }, ({ lots, move, rate, volume }) => {
      const notional = (Math.abs(lots) / 1000) * 50_000;
      const bound = lipschitz(move, rate, notional, volume) * notional;
      return loseInOneStep(lots, move, rate, volume) - loseInOneStep(0, move, rate, volume) <= bound + 1e-6;
    });
  });

  it('l(e_eff) - l(e_req) <= L dist(e_req, e_eff) for a projection towards zero', () => {
    forAll(
      [step, fc.double({ min: 0, max: 1, noNaN: true })],
      { numRuns: 500, seed: 3 },
      ({ lots, move, rate, volume }, share) => {
        const effective = Math.trunc(lots * share);
        const largest = (Math.abs(lots) / 1000) * 50_000;
        const distance = (Math.abs(lots - effective) / 1000) * 50_000;
        const bound = lipschitz(move, rate, largest, volume) * distance;
        const difference = loseInOneStep(effective, move, rate, volume) - loseInOneStep(lots, move, rate, volume);
        return difference <= bound + 1e-6;
      },
    );
  });
});

describe('the fill model', () => {
  it('fills exactly the depth whose last unit costs the bound', () => {
    const depth = depthWithin(10, 1e8);
    const marginal = HALF_SPREAD_BPS + 100 * Math.sqrt(depth / 1e8);
    near(marginal, 10, 'marginal cost at the depth');
    assert.equal(depthWithin(HALF_SPREAD_BPS, 1e8), 0, 'nothing within the spread');
  });
  it('costs more for more, and less in a thicker bar', () => {
    forAll(
      [fc.double({ min: 1, max: 1e6, noNaN: true }), fc.double({ min: 1e4, max: 1e9, noNaN: true })],
      { numRuns: 100, seed: 4 },
      (n, v) => {
        const cost = averageSlippageBps(n, v);
        return averageSlippageBps(2 * n, v) > cost && averageSlippageBps(n, 2 * v) < cost && cost > HALF_SPREAD_BPS;
      },
    );
  });
});
