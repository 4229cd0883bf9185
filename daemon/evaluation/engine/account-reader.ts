import type { GateEvents } from '../../engine/records/events.ts';
import type { ReplayAccount } from './account.ts';
import { FILLED_BEFORE_MS, type MarketClock } from './clock.ts';

type AccountRecord = GateEvents['account'];
const NO_POSITIONS: AccountRecord['positions'] = [];

/** The account as the daemon's feed would read it at the exchange. */
export class AccountReader {
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  /** Leverage of every symbol as last told; the same object until one changes. */
  #leverage: Readonly<Record<string, number>> = {};
  readonly #reportedLeverage: Float64Array;
  readonly #reportedLots: Float64Array;
  /** When they last changed, at the latest. */
  readonly #changedAtMs: Float64Array;

  constructor(account: ReplayAccount, clock: MarketClock) {
    this.#account = account;
    this.#clock = clock;
    const count = clock.market.symbols.length;
    this.#reportedLeverage = new Float64Array(count);
    this.#reportedLots = new Float64Array(count);
    this.#changedAtMs = new Float64Array(count);
  }

  read(): AccountRecord {
    const account = this.#account;
    const equity = account.equityUsdt();
    const maintenance = account.totalMaintenanceUsdt();
    this.#noteChanges();
    const initialMargin = account.initialMarginUsdt();
    return {
      available_usdt: equity - initialMargin,
      initial_margin_usdt: initialMargin,
      leverage: this.#readLeverage(),
      maintenance_margin_usdt: maintenance,
      margin_balance_usdt: equity,
      margin_ratio: marginRatio(maintenance, equity),
      positions: account.held === 0 ? NO_POSITIONS : this.#readPositions(),
      requested_at_ms: this.#clock.nowMs,
      wallet_usdt: account.walletUsdt,
    };
  }

  #noteChanges(): void {
    for (let i = 0; i < this.#reportedLots.length; i++) {
      const lots = this.#account.lots(i);
      if (lots === this.#reportedLots[i]) continue;
      this.#reportedLots[i] = lots;
      this.#changedAtMs[i] = this.#clock.nowMs - FILLED_BEFORE_MS;
    }
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
        updated_at_ms: this.#changedAtMs[i]!,
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
