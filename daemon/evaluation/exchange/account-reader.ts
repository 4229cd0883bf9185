import type { GateEvents } from '../../engine/records/events.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import type { ReplayAccount } from './account.ts';

type AccountRecord = GateEvents['account'];
const NO_POSITIONS: AccountRecord['positions'] = [];

/** The account as the daemon's feed would read it at the exchange. */
export class AccountReader {
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  /** Leverage of every symbol as last told; the same object until one changes. */
  #leverage: Readonly<Record<string, number>> = {};
  readonly #reportedLeverage: Float64Array;

  constructor(account: ReplayAccount, clock: MarketClock) {
    this.#account = account;
    this.#clock = clock;
    this.#reportedLeverage = new Float64Array(clock.market.symbols.length);
  }

  read(): AccountRecord {
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
      requested_at_ms: this.#clock.nowMs,
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
