import type { MarketSection } from '../../core/policy.ts';
import type { EngineCore } from '../../engine/flow/core.ts';
import type { LiveInputs } from '../../engine/readings/inputs.ts';
import type { GateEvents } from '../../engine/records/events.ts';
import type { SymbolRules } from '../../engine/records/venue.ts';
import type { ReplayInstrument } from '../facts/markets.ts';
import type { MarketTrack } from '../market/track.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import { MarketInputs } from '../market/walk/market-inputs.ts';
import type { ReplayAccount } from './account.ts';

type AccountRecord = GateEvents['account'];
const NO_POSITIONS: AccountRecord['positions'] = [];
/** How often, and at what spacing, a feed reads the account until a difference is believed. */
const LIQUIDATION_READS = 4;
const LIQUIDATION_READ_EVERY_MS = 4_000;
const RULES_EVERY_MS = 1_800_000;

interface FeedParts {
  readonly account: ReplayAccount;
  readonly clock: MarketClock;
  readonly track: MarketTrack;
  readonly market: MarketSection;
}

/** What the daemon's feeds would read at the exchange of a replay: market, account and rules, of this instant. */
export class ReplayFeeds {
  readonly market: MarketInputs;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  /** Leverage of every symbol as last told; the same object until one changes. */
  #leverage: Readonly<Record<string, number>> = {};
  readonly #reportedLeverage: Float64Array;
  #rulesAtMs = Number.NEGATIVE_INFINITY;
  #sampledAtMs = Number.NEGATIVE_INFINITY;

  constructor({ account, clock, market, track }: FeedParts) {
    this.market = new MarketInputs(clock, track, market);
    this.#account = account;
    this.#clock = clock;
    this.#reportedLeverage = new Float64Array(clock.market.symbols.length);
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  inputs(): LiveInputs {
    this.market.refresh();
    const equity = this.#account.equityUsdt();
    return {
      nowMs: this.nowMs,
      clockSkewMs: 0,
      account: {
        marginBalanceUsdt: equity,
        availableUsdt: this.#account.availableUsdt(),
        marginRatio: marginRatio(this.#account.totalMaintenanceUsdt(), equity),
        observedAtMs: this.nowMs,
      },
      symbols: this.market.bySymbol,
    };
  }

  /** Filters and brackets never change in a replay; the daemon reads them again all the same. */
  recordRules(core: Pick<EngineCore, 'append'>): void {
    if (this.nowMs - this.#rulesAtMs < RULES_EVERY_MS) return;
    this.#rulesAtMs = this.nowMs;
    for (const { bars } of this.#clock.market.series)
      core.append('rules', { rules: toSymbolRules(bars.instrument, this.nowMs) });
  }

  /** False: it was read at this instant already. */
  recordAccount(core: Pick<EngineCore, 'append'>, isForced: boolean): boolean {
    this.recordRules(core);
    if (!isForced && this.nowMs <= this.#sampledAtMs) return false;
    this.#sampledAtMs = this.nowMs;
    core.append('account', this.#readAccount());
    return true;
  }

  /** The account is flat at once and no report says so: it takes several readings in a row to be believed. */
  recordLiquidation(core: Pick<EngineCore, 'append'>): void {
    const startedAtMs = this.nowMs;
    for (let i = 1; i <= LIQUIDATION_READS; i++) {
      this.#clock.nowMs = startedAtMs + i * LIQUIDATION_READ_EVERY_MS;
      this.recordAccount(core, true);
    }
    this.#clock.nowMs = startedAtMs;
  }

  #readAccount(): AccountRecord {
    const account = this.#account;
    const equity = account.equityUsdt();
    const maintenance = account.totalMaintenanceUsdt();
    const initialMargin = account.initialMarginUsdt();
    return {
      available_usdt: equity - initialMargin,
      initial_margin_usdt: initialMargin,
      leverage: this.#readLeverage(),
      maintenance_margin_usdt: maintenance,
      margin_balance_usdt: equity,
      margin_ratio: marginRatio(maintenance, equity),
      positions: account.held === 0 ? NO_POSITIONS : this.#readPositions(),
      requested_at_ms: this.nowMs,
      wallet_usdt: account.walletUsdt,
    };
  }

  #readPositions(): AccountRecord['positions'] {
    const clock = this.#clock;
    const account = this.#account;
    const positions: AccountRecord['positions'][number][] = [];
    for (let i = 0; i < clock.market.symbols.length; i++) {
      const lots = account.lots(i);
      if (lots === 0) continue;
      positions.push({
        entry_price: account.entryPrice(i),
        liquidation_price: account.liquidationPrice(i),
        maintenance_margin_usdt: account.maintenanceUsdt(i),
        mark_price: clock.marks[i]!,
        quantity_e8: clock.grid.quantityE8(i, lots),
        symbol: clock.market.symbols[i]!,
        unrealised_pnl_usdt: account.unrealisedUsdt(i),
        updated_at_ms: clock.nowMs,
      });
    }
    return positions;
  }

  #readLeverage(): Readonly<Record<string, number>> {
    const { symbols } = this.#clock.market;
    const reported = this.#reportedLeverage;
    let isNew = false;
    for (let i = 0; i < reported.length; i++) {
      const leverage = this.#account.leverage(i);
      if (reported[i] === leverage) continue;
      reported[i] = leverage;
      isNew = true;
    }
    if (isNew) this.#leverage = Object.fromEntries(symbols.map((symbol, i) => [symbol, reported[i]!]));
    return this.#leverage;
  }
}

/** Maintenance margin / margin balance; 1 where nothing is left to carry it. */
export function marginRatio(maintenance: number, equity: number): number {
  if (maintenance === 0) return 0;
  return equity <= 0 ? 1 : maintenance / equity;
}

/** PERCENT_PRICE of the exchange: how far a limit may lie from the mark. */
const MULTIPLIER_UP = 1.05;
const MULTIPLIER_DOWN = 0.95;

/** An instrument as the gate's venue port would have read it. Bars come without PRICE_FILTER: every price is taken. */
export function toSymbolRules(instrument: ReplayInstrument, observedAtMs: number): SymbolRules {
  const { symbol, tickMantissa, tickScale, lotMantissa, lotScale, minLots, maxLots, minNotionalUsdt } = instrument;
  return {
    symbol,
    trading: true,
    tickMantissa,
    tickScale,
    lotMantissa,
    lotScale,
    minLots,
    maxLots,
    maxMarketLots: maxLots,
    minPriceTicks: 1,
    maxPriceTicks: Number.MAX_SAFE_INTEGER,
    minNotionalUsdt,
    multiplierUp: MULTIPLIER_UP,
    multiplierDown: MULTIPLIER_DOWN,
    takerFee: instrument.takerFee,
    makerFee: instrument.makerFee,
    brackets: instrument.brackets,
    observedAtMs,
  };
}
