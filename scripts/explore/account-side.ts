import { marginBalance } from '../../daemon/exchange-sim/core/orders/account.ts';
import { MOVE_TYPES } from '../../daemon/exchange-sim/core/state.ts';
import { catchUp, type Exchange } from '../../daemon/exchange-sim/exchange.ts';
import type { AccountRead } from './account-reads.ts';
import type { Setting } from './plan.ts';

/** What was set of the account, from an instant on. */
export interface SettingsRecord {
  readonly atMs: number;
  readonly isHedged: boolean;
  readonly isMultiAssets: boolean;
  /** Symbols on crossed margin. */
  readonly crossed: ReadonlySet<string>;
}

type Ask = (method: string, path: string, params: Readonly<Record<string, string>>) => boolean;

const MOVES: ReadonlySet<string> = new Set(MOVE_TYPES);

/** The account at the exchange, as a person sets it there, and what its books say beside orders. */
export class AccountSide {
  readonly settings: SettingsRecord[] = [];
  readonly #exchange: Exchange;
  readonly #nowMs: () => number;
  readonly #ask: Ask;
  #movedUsdt = 0;
  #countedRows = 0;

  constructor(exchange: Exchange, nowMs: () => number, ask: Ask) {
    this.#exchange = exchange;
    this.#nowMs = nowMs;
    this.#ask = ask;
    this.note();
  }

  /** Called before whatever may change them, and after what a person changes. */
  note(): void {
    const { dualSidePosition: isHedged, markets, multiAssets: isMultiAssets } = this.#exchange.world.state;
    const crossed = new Set(
      [...markets].filter(([, { marginType }]) => marginType === 'CROSSED').map(([symbol]) => symbol),
    );
    const last = this.settings.at(-1);
    const isSame =
      last?.isHedged === isHedged &&
      last.isMultiAssets === isMultiAssets &&
      [...markets.keys()].every((symbol) => last.crossed.has(symbol) === crossed.has(symbol));
    if (!isSame) this.settings.push({ atMs: this.#nowMs(), isHedged, isMultiAssets, crossed });
  }

  /** As a person does it at the exchange, which refuses what orders and positions keep from being changed. */
  change(setting: Setting): void {
    catchUp(this.#exchange);
    this.note();
    this.#set(setting);
    this.note();
  }

  #set(setting: Setting): void {
    switch (setting.of) {
      case 'margin':
        this.#ask('POST', '/fapi/v1/marginType', { symbol: setting.symbol, marginType: setting.to });
        return;
      case 'leverage':
        this.#ask('POST', '/fapi/v1/leverage', { symbol: setting.symbol, leverage: String(setting.to) });
        return;
      case 'hedge_mode':
        this.#ask('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: String(setting.isOn) });
        return;
      case 'multi_assets':
        // It refuses while a symbol is on isolated margin.
        for (const [symbol, { marginType }] of this.#exchange.world.state.markets)
          if (setting.isOn && marginType === 'ISOLATED')
            if (!this.#ask('POST', '/fapi/v1/marginType', { symbol, marginType: 'CROSSED' })) return;
        this.#ask('POST', '/fapi/v1/multiAssetsMargin', { multiAssetsMargin: String(setting.isOn) });
    }
  }

  /** What only a person can put back. */
  putBack(): void {
    if (this.#exchange.world.state.multiAssets) this.change({ of: 'multi_assets', isOn: false });
  }

  /** Notes what the books say as a question about the account comes to the exchange. */
  show(read: AccountRead): void {
    const netUsdt = this.#netUsdt();
    Object.assign(read, {
      netUsdt,
      walletUsdt: Number(this.#exchange.world.state.wallet) / 1e8,
      servedAtMs: this.#nowMs(),
    });
  }

  #netUsdt(): number {
    catchUp(this.#exchange);
    const { state } = this.#exchange.world;
    for (; this.#countedRows < state.income.length; this.#countedRows += 1) {
      const row = state.income[this.#countedRows];
      if (row !== undefined && MOVES.has(row.type)) this.#movedUsdt += Number(row.amount) / 1e8;
    }
    return Number(marginBalance(state)) / 1e8 - this.#movedUsdt;
  }
}
