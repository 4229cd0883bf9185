import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Bracket, BTCUSDT_BRACKETS, ETHUSDT_BRACKETS } from '../../daemon/exchange-sim/core/brackets.ts';
import { divideRounded, e8, format, ONE } from '../../daemon/exchange-sim/core/fixed.ts';
import {
  commission,
  findBracket,
  fundingPayment,
  initialMargin,
  liquidationPrice,
  maintenanceMargin,
  notionalCapAt,
} from '../../daemon/exchange-sim/core/margin.ts';
import { readFixture } from '../fixtures/recorded.ts';
import { forAll } from '../for-all.ts';

/** A table of one tier that holds every notional. */
function singleTier(mmr: string, cum: string): readonly Bracket[] {
  return [
    {
      bracket: 1,
      initialLeverage: 125,
      notionalFloor: 0n,
      notionalCap: e8('1000000000000'),
      maintMarginRatio: e8(mmr),
      cum: e8(cum),
    },
  ];
}

/** Rounds published decimals to as many places as `decimals`, half away from zero. */
function rounded(text: string, decimals: number): string {
  const [whole = '0', fraction = ''] = text.split('.');
  const units = BigInt(whole + fraction.padEnd(20, '0').slice(0, 20));
  return format(divideRounded(units, 10n ** 12n), decimals);
}

interface LiquidationCase {
  readonly id: string;
  readonly side: 1 | -1;
  readonly walletBalance: string;
  readonly amount: string;
  readonly entryPrice: string;
  readonly mmr: string;
  readonly cum: string;
  readonly tmmOther?: string;
  readonly upnlOther?: string;
  readonly expectedLiquidationPrice: string;
  readonly recomputed: string;
}

/** A wallet of a third has no eight decimals; the price is the same at three times the size, where it is whole. */
function solve(c: LiquidationCase): bigint | null {
  const isThird = /\.3{9,}$/.test(c.walletBalance);
  const size = isThird ? 3n : 1n;
  const walletBalance = isThird ? (e8(c.walletBalance) / ONE) * 3n * ONE + ONE : e8(c.walletBalance);
  const quantity = e8(c.amount) * BigInt(c.side) * size;
  return liquidationPrice({
    brackets: singleTier(c.mmr, format(e8(c.cum) * size)),
    quantity,
    cost: (quantity * e8(c.entryPrice)) / ONE,
    walletBalance,
    otherMaintenanceMargin: e8(c.tmmOther ?? '0'),
    otherUnrealisedProfit: e8(c.upnlOther ?? '0'),
  });
}

// The examples of the exchange's own FAQ on liquidation prices: an isolated and a cross account, two contracts.
const FAQ_CASES: readonly LiquidationCase[] = [
  {
    id: 'isolated ETH long',
    side: 1,
    walletBalance: '1535443.01',
    amount: '3683.979',
    entryPrice: '1456.84',
    mmr: '0.10',
    cum: '135365',
    expectedLiquidationPrice: '1114.78',
    recomputed: '1114.784963745872',
  },
  {
    id: 'isolated BTC long',
    side: 1,
    walletBalance: '1535443.01',
    amount: '109.488',
    entryPrice: '32481.98',
    mmr: '0.025',
    cum: '16300',
    expectedLiquidationPrice: '18778.73',
    recomputed: '18778.725932171000',
  },
  {
    id: 'cross ETH long beside a BTC position',
    side: 1,
    walletBalance: '1535443.01',
    amount: '3683.979',
    entryPrice: '1456.84',
    mmr: '0.10',
    cum: '135365',
    tmmOther: '71200.811444',
    upnlOther: '-56354.56848',
    expectedLiquidationPrice: '1153.26',
    recomputed: '1153.256464239104',
  },
  {
    id: 'cross BTC long beside an ETH position',
    side: 1,
    walletBalance: '1535443.01',
    amount: '109.488',
    entryPrice: '32481.98',
    mmr: '0.025',
    cum: '16300',
    tmmOther: '356512.508122',
    upnlOther: '-448192.88514',
    expectedLiquidationPrice: '26316.89',
    recomputed: '26316.893264518861',
  },
];

function checkLiquidation(c: LiquidationCase): void {
  const price = solve(c);
  assert.ok(price !== null, c.id);
  assert.equal(format(price), rounded(c.recomputed, 8), c.id);
  const decimals = Math.min(8, c.expectedLiquidationPrice.split('.')[1]?.length ?? 0);
  assert.equal(format(price, decimals), rounded(c.expectedLiquidationPrice, decimals), c.id);
}

describe('liquidation price', () => {
  it('solves the four cases of the FAQ to the digit', () => {
    for (const c of FAQ_CASES) checkLiquidation(c);
  });

  it('solves every sourced vector to the digit', () => {
    const file = readFixture<{ sourced: LiquidationCase[] }>('vectors/liquidation_price.json');
    assert.ok(file.sourced.length >= 4);
    for (const c of file.sourced) checkLiquidation(c);
  });

  it('picks the tier that holds the notional at the answer', () => {
    interface Row extends LiquidationCase {
      symbol: string;
      liqPriceSelfConsistent: string | null;
      liqTier: number | null;
    }
    const file = readFixture<{ derived: { rows: Row[] } }>('vectors/liquidation_price.json');
    const tables = readTables();
    assert.ok(file.derived.rows.length > 0);
    for (const row of file.derived.rows) {
      const brackets = tables.get(row.symbol) ?? [];
      const quantity = e8(row.amount) * BigInt(row.side);
      const cost = (quantity * e8(row.entryPrice)) / ONE;
      const price = liquidationPrice({ brackets, quantity, cost, walletBalance: e8(row.walletBalance) });
      assert.equal(price === null ? null : format(price), row.liqPriceSelfConsistent, row.id);
      if (price !== null) {
        const size = quantity < 0n ? -quantity : quantity;
        assert.equal(findBracket(brackets, (size * price) / ONE).bracket, row.liqTier, row.id);
      }
    }
  });

  it('is null when no positive price liquidates the position', () => {
    const quantity = e8('0.05');
    const cost = (quantity * e8('62000')) / ONE;
    assert.equal(liquidationPrice({ brackets: BTCUSDT_BRACKETS, quantity, cost, walletBalance: e8('4000') }), null);
  });

  it('leaves margin balance and maintenance margin equal within a cent at the answer', () => {
    const wallets = fc.integer({ min: 10, max: 2_000_000 });
    const lots = fc.integer({ min: 1, max: 500_000 });
    forAll([wallets, lots, fc.boolean()], { seed: 11, numRuns: 500 }, (wallet, lot, isLong) => {
      const quantity = BigInt(lot) * e8('0.001') * (isLong ? 1n : -1n);
      const cost = (quantity * e8('60000')) / ONE;
      const walletBalance = BigInt(wallet) * ONE;
      const price = liquidationPrice({ brackets: BTCUSDT_BRACKETS, quantity, cost, walletBalance });
      if (price === null) return;
      const value = (quantity * price) / ONE;
      const maintenance = maintenanceMargin(BTCUSDT_BRACKETS, value < 0n ? -value : value);
      const gap = walletBalance + value - cost - maintenance;
      assert.ok(gap < e8('0.01') && gap > -e8('0.01'), `gap ${format(gap)}`);
    });
  });
});

interface TierRow {
  readonly notionalFloor: string;
  readonly notionalCap: string;
  readonly maintMarginRate: string;
  readonly maxLeverage: string;
  readonly cum: string;
}

function readTables(): ReadonlyMap<string, readonly Bracket[]> {
  const file = readFixture<{ symbols: Record<string, TierRow[]> }>('vectors/leverage_tiers.json');
  const tables = new Map<string, readonly Bracket[]>();
  for (const [symbol, rows] of Object.entries(file.symbols)) {
    const table = rows.map((row, index) => ({
      bracket: index + 1,
      initialLeverage: Number(row.maxLeverage),
      notionalFloor: e8(row.notionalFloor),
      notionalCap: e8(row.notionalCap),
      maintMarginRatio: e8(row.maintMarginRate),
      cum: e8(row.cum),
    }));
    tables.set(symbol, table);
  }
  return tables;
}

describe('maintenance margin', () => {
  it('follows notional * ratio - cum at known points of the table in force', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['1', '0.00400000'],
      ['299999.99', '1199.99996000'],
      ['300000', '1200.00000000'],
      ['800000', '3700.00000000'],
      ['3000000', '18000.00000000'],
      ['70000000', '1268000.00000000'],
    ];
    for (const [notional, expected] of cases) {
      assert.equal(format(maintenanceMargin(BTCUSDT_BRACKETS, e8(notional))), expected, notional);
    }
  });

  it('computes every derived row to the digit', () => {
    interface Row {
      symbol: string;
      notional: string;
      tier: number;
      cum: string;
      maintMargin: string;
    }
    const file = readFixture<{ derived: { rows: Row[] } }>('vectors/maintenance_margin.json');
    const tables = readTables();
    assert.ok(file.derived.rows.length > 0);
    for (const row of file.derived.rows) {
      const brackets = tables.get(row.symbol);
      assert.ok(brackets !== undefined && brackets.length > 0, row.symbol);
      assert.equal(findBracket(brackets, e8(row.notional)).bracket, row.tier, `${row.symbol} ${row.notional}`);
      assert.equal(maintenanceMargin(brackets, e8(row.notional)), e8(row.maintMargin), `${row.symbol} ${row.notional}`);
    }
  });

  it('is continuous at every tier border', () => {
    for (const table of [BTCUSDT_BRACKETS, ETHUSDT_BRACKETS, ...readTables().values()]) {
      assert.ok(table.length > 1);
      for (const [index, tier] of table.entries()) {
        const below = table[index - 1];
        if (below === undefined) continue;
        assert.equal(tier.notionalFloor, below.notionalCap);
        const left = (tier.notionalFloor * below.maintMarginRatio) / ONE - below.cum;
        assert.equal(maintenanceMargin(table, tier.notionalFloor), left);
      }
    }
  });

  it('uses the bracket table that was in force in autumn 2025', () => {
    interface Published {
      initialLeverage: number;
      notionalCap: number;
      notionalFloor: number;
      maintMarginRatio: number;
      cum: number;
    }
    const file = readFixture<{
      snapshots: { repository_commit_date: string; brackets: Record<string, Published[]> }[];
    }>('binance-samples/leverage-brackets.json');
    const snapshot = file.snapshots.find((s) => s.repository_commit_date === '2025-08-21');
    assert.ok(snapshot !== undefined);
    for (const [symbol, table] of [
      ['BTCUSDT', BTCUSDT_BRACKETS],
      ['ETHUSDT', ETHUSDT_BRACKETS],
    ] as const) {
      const ours = table.map((tier) => ({
        initialLeverage: tier.initialLeverage,
        notionalCap: Number(format(tier.notionalCap)),
        notionalFloor: Number(format(tier.notionalFloor)),
        maintMarginRatio: Number(format(tier.maintMarginRatio)),
        cum: Number(format(tier.cum)),
      }));
      const rows: readonly Published[] = snapshot.brackets[symbol] ?? [];
      const published: readonly Published[] = rows.map((tier) => ({
        initialLeverage: tier.initialLeverage,
        notionalCap: tier.notionalCap,
        notionalFloor: tier.notionalFloor,
        maintMarginRatio: tier.maintMarginRatio,
        cum: tier.cum,
      }));
      assert.deepEqual(ours, published, symbol);
    }
  });
});

describe('initial margin, commission and funding', () => {
  it('divides the notional by the leverage', () => {
    assert.equal(format(initialMargin(e8('600'), 7)), '85.71428571');
  });

  it('knows the highest notional of a leverage', () => {
    assert.equal(notionalCapAt(BTCUSDT_BRACKETS, 150), e8('300000'));
    assert.equal(notionalCapAt(BTCUSDT_BRACKETS, 101), e8('300000'));
    assert.equal(notionalCapAt(BTCUSDT_BRACKETS, 100), e8('800000'));
    assert.equal(notionalCapAt(BTCUSDT_BRACKETS, 1), e8('1800000000'));
  });

  it('charges notional times rate, rounded at 1e-8', () => {
    assert.equal(format(commission(e8('599.554'), e8('0.0005'))), '0.29977700');
    assert.equal(format(commission(e8('0.00001'), e8('0.0005'))), '0.00000001');
  });

  it('debits longs and credits shorts at a positive rate', () => {
    assert.equal(format(fundingPayment(e8('-10'), e8('2'), e8('0.0001'))), '0.00200000');
    assert.equal(format(fundingPayment(e8('10'), e8('2'), e8('0.0001'))), '-0.00200000');
    assert.equal(format(fundingPayment(e8('10'), e8('2'), e8('-0.0001'))), '0.00200000');
  });

  it('computes every funding row to the digit', () => {
    interface Row {
      qty: string;
      rate: string;
      mark: string | null;
      expectedShortReceives: string;
    }
    const file = readFixture<{ vectors: Row[] }>('vectors/funding.json');
    assert.ok(file.vectors.length > 0);
    // A missing mark is no figure that an exchange settles with; the function does not accept one.
    const rows = file.vectors.filter((row) => row.mark !== null);
    assert.equal(rows.length, 3);
    for (const row of rows) {
      assert.equal(fundingPayment(-e8(row.qty), e8(row.mark ?? ''), e8(row.rate)), e8(row.expectedShortReceives));
    }
  });
});
