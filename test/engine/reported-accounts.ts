import type { Figures } from '../../daemon/engine/accounts/account-days.ts';
import { fromE8 } from '../../daemon/engine/records/units.ts';
import type { IncomeRow, PositionRecord } from '../../daemon/engine/records/venue-events.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, LOT_E8, orderEvent, T0, tradeEvent } from './fold-fixture.ts';

/** A position as a reading shows it. */
interface Held extends Partial<Omit<PositionRecord, 'quantity_e8'>> {
  readonly lots?: number;
}

/** A ledger of two agents on one account, told as the exchange would tell it. */
export class Reported {
  readonly ledger = new FoldedLedger();
  #ids = 0;
  constructor(positions: readonly Held[] = [], unread: readonly string[] = []) {
    this.ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    this.read(T0, positions, unread);
  }
  get accounts() {
    return this.ledger.state.accounts;
  }
  /** The clock was set back. */
  setBack(nowMs: number): void {
    const payload = {
      clears_at_ms: null,
      clears_when: '',
      clock_set_back: true,
      layer: 'boot',
      name: null,
      reason: 'the venue clock jumped',
      scope: 'account',
      set_by: 'daemon',
      state: 'reducing',
    } as const;
    this.ledger.append({ kind: 'state', at_ms: nowMs, payload });
  }
  read(atMs: number, positions: readonly Held[] = [], unread: readonly string[] = []): void {
    const payload = {
      available_usdt: 10_000,
      initial_margin_usdt: 0,
      leverage: {},
      maintenance_margin_usdt: 0,
      margin_balance_usdt: 10_000,
      margin_ratio: 0,
      positions: positions.map(({ lots = 0, ...position }) => ({
        entry_price: 60_000,
        liquidation_price: null,
        quantity_e8: lots * LOT_E8,
        maintenance_margin_usdt: 0,
        mark_price: 60_000,
        symbol: 'BTCUSDT',
        unrealised_pnl_usdt: 0,
        updated_at_ms: 0,
        ...position,
      })),
      requested_at_ms: atMs,
      ...(unread.length > 0 ? { unread } : {}),
      wallet_usdt: 10_000,
    };
    this.ledger.append({ kind: 'account', at_ms: atMs, payload });
  }
  /** An order, filled at once, and its trade. */
  fill(fill: {
    agent: string;
    side: 'buy' | 'sell';
    lots: number;
    price: number;
    atMs: number;
    realised?: number;
    fee?: number;
    origin?: 'operator' | 'gate';
  }): string {
    this.#ids += 1;
    const { agent, atMs, lots, price, side, fee = 0, origin, realised = 0 } = fill;
    const id = `o${this.#ids}`;
    const request = origin === undefined ? {} : { origin };
    const reduceOnly = origin !== undefined;
    const orders = [{ client_order_id: id, lots, side, reduce_only: reduceOnly }];
    this.ledger.append(decisionEvent({ id: `d${this.#ids}`, atMs, agent, request, orders }));
    this.ledger.append(
      orderEvent(id, atMs, { average_price: price, executed_lots: lots, status: 'filled', venue_at_ms: atMs }),
    );
    this.ledger.append(
      tradeEvent(String(this.#ids), id, atMs, { fee_usdt: fee, lots: lots, price, realised_pnl_usdt: realised, side }),
    );
    return String(this.#ids);
  }
  income(readToMs: number, rows: readonly Partial<IncomeRow>[]): void {
    const full = rows.map((row) => {
      this.#ids += 1;
      return {
        amount_usdt: 0,
        at_venue_ms: readToMs,
        income_id: `i${this.#ids}`,
        symbol: 'BTCUSDT',
        trade_id: null,
        type: 'FUNDING_FEE',
        ...row,
      };
    });
    this.ledger.append({ kind: 'income', at_ms: readToMs, payload: { read_to_ms: readToMs, rows: full } });
  }
  figures(owner: string | null, dayMs = T0): UsdtFigures | undefined {
    return inUsdt(this.accounts.days.find(dayMs)?.figures.get(owner)?.get('BTCUSDT'));
  }
  totals(owner: string | null): UsdtFigures | undefined {
    return inUsdt(this.accounts.days.total.figures.get(owner)?.get('BTCUSDT'));
  }
}

type UsdtFigures = {
  readonly [Name in keyof Figures as Name extends `${infer What}E8` ? `${What}Usdt` : Name]: number;
};
function inUsdt(figures: Figures | undefined): UsdtFigures | undefined {
  if (figures === undefined) return undefined;
  const { feesE8, fills, fundingE8, otherE8, realisedE8, slippageE8, slippageOfE8, turnoverE8 } = figures;
  return {
    feesUsdt: fromE8(feesE8),
    fills,
    fundingUsdt: fromE8(fundingE8),
    otherUsdt: fromE8(otherE8),
    realisedUsdt: fromE8(realisedE8),
    slippageUsdt: fromE8(slippageE8),
    slippageOfUsdt: fromE8(slippageOfE8),
    turnoverUsdt: fromE8(turnoverE8),
  };
}
