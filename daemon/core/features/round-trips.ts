/**
 * Round trips of one agent in one symbol, from its own fills: a trade opens when the agent's share leaves zero and
 * closes when it returns there. Shares are counted in lots (integers), so zero is exact.
 */
export interface TradeFill {
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  /** Lots of this fill, a positive integer. */
  readonly lots: number;
  /** Base asset in one lot. */
  readonly lot_size: number;
  readonly price: number;
  /** Fee paid, USDT; negative for a rebate. */
  readonly fee_usdt: number;
  readonly at_ms: number;
}

/** A trade as the trader state reads it: open while `closed_at_ms` and `pnl_usdt` are null. */
export interface TradeRecord {
  readonly symbol: string;
  readonly side: 'long' | 'short';
  readonly opened_at_ms: number;
  readonly closed_at_ms: number | null;
  /** Sum of the opening fills at their prices, USDT. */
  readonly notional_usdt: number;
  /** Realised, net of the fees of all its fills, USDT. */
  readonly pnl_usdt: number | null;
}

/** What must be kept of a trade while it is open. Plain data. */
export interface OpenTrade {
  readonly symbol: string;
  readonly side: 'long' | 'short';
  readonly opened_at_ms: number;
  readonly lots: number;
  /** Cost of the lots still held, at their average entry, USDT. */
  readonly entry_usdt: number;
  readonly notional_usdt: number;
  readonly realised_usdt: number;
}

export interface TradeStep {
  readonly open: OpenTrade | null;
  readonly closed: TradeRecord | null;
}

export function recordOfOpenTrade(trade: OpenTrade): TradeRecord {
  return {
    symbol: trade.symbol,
    side: trade.side,
    opened_at_ms: trade.opened_at_ms,
    closed_at_ms: null,
    notional_usdt: trade.notional_usdt,
    pnl_usdt: null,
  };
}

function openTrade(fill: TradeFill, lots: number, fee: number): OpenTrade {
  const notional = lots * fill.lot_size * fill.price;
  return {
    symbol: fill.symbol,
    side: fill.side === 'buy' ? 'long' : 'short',
    opened_at_ms: fill.at_ms,
    lots,
    entry_usdt: notional,
    notional_usdt: notional,
    realised_usdt: -fee,
  };
}

/**
 * Folds one fill of the agent in. A fill beyond zero closes the trade and opens one on the other side; its fee is
 * split by lots. Precondition: the fill is of the open trade's symbol.
 */
export function applyTradeFill(open: OpenTrade | null, fill: TradeFill): TradeStep {
  if (open === null) return { open: openTrade(fill, fill.lots, fill.fee_usdt), closed: null };
  const isAdding = (fill.side === 'buy') === (open.side === 'long');
  if (isAdding) {
    const notional = fill.lots * fill.lot_size * fill.price;
    const grown: OpenTrade = {
      symbol: open.symbol,
      side: open.side,
      opened_at_ms: open.opened_at_ms,
      lots: open.lots + fill.lots,
      entry_usdt: open.entry_usdt + notional,
      notional_usdt: open.notional_usdt + notional,
      realised_usdt: open.realised_usdt - fill.fee_usdt,
    };
    return { open: grown, closed: null };
  }
  const lots = Math.min(open.lots, fill.lots);
  const fee = (fill.fee_usdt * lots) / fill.lots;
  const cost = lots === open.lots ? open.entry_usdt : (open.entry_usdt * lots) / open.lots;
  const proceeds = lots * fill.lot_size * fill.price;
  const realised = open.realised_usdt + (open.side === 'long' ? proceeds - cost : cost - proceeds) - fee;
  if (lots < open.lots) {
    const reduced: OpenTrade = {
      symbol: open.symbol,
      side: open.side,
      opened_at_ms: open.opened_at_ms,
      lots: open.lots - lots,
      entry_usdt: open.entry_usdt - cost,
      notional_usdt: open.notional_usdt,
      realised_usdt: realised,
    };
    return { open: reduced, closed: null };
  }
  const closed: TradeRecord = {
    symbol: open.symbol,
    side: open.side,
    opened_at_ms: open.opened_at_ms,
    closed_at_ms: fill.at_ms,
    notional_usdt: open.notional_usdt,
    pnl_usdt: realised,
  };
  const rest = fill.lots - lots;
  return { open: rest === 0 ? null : openTrade(fill, rest, fill.fee_usdt - fee), closed };
}
