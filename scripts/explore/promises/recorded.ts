import { fromE8, readE8 } from '../../../daemon/engine/records/units.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** What a call names is in its request under the same name. */
const NAMED = [
  ...['symbol', 'side', 'order_type', 'quantity', 'requested_notional', 'limit_price', 'max_slippage_bps'],
  ...['requested_leverage', 'valid_until_ms', 'client_order_id', 'fraction', 'strategy_id', 'request_id'],
  ...['after_decision_id', 'reduce_only'],
] as const;
const HAIR = 1e-9;

/**
 * The record says what happened: what a caller asked for, what went to the exchange, and what the exchange says of each
 * trade and each booking. [TM-5]
 * @except of what went to the exchange: it changes a symbol's steps
 */
export function findRecordedOtherwise(history: History): readonly Breach[] {
  return [
    ...findAskedOtherwise(history),
    ...findSentOtherwise(history),
    ...findTradesOtherwise(history),
    ...findBookedOtherwise(history),
    ...findMissummed(history),
  ];
}

function findAskedOtherwise({ decisionOf, world }: History): readonly Breach[] {
  return world.calls.flatMap((call) => {
    const request = decisionOf(call)?.event.request;
    if (request === undefined) return [];
    const recorded: Readonly<Record<string, unknown>> = { ...request };
    return differences(NAMED.map((name) => [name, call.args[name] ?? recorded[name], recorded[name]])).map(
      (detail) => ({
        code: 'recorded/asked',
        detail: `${call.agent} ${call.tool} (step ${call.step}) at ${at(call.askedAtMs)}: ${detail}`,
      }),
    );
  });
}

/** By the last decision that sent it: a slice is decided again. */
function findSentOtherwise({ decisions, plan, posts }: History): readonly Breach[] {
  if (plan.steps.some(({ do: action }) => action.kind === 'rules')) return [];
  const all = [...decisions.values()];
  return [...posts].flatMap(([id, { params, path, sentAtMs }]) => {
    const sending = all.findLast(
      ({ atMs, event }) => atMs <= sentAtMs && event.orders.some((planned) => planned.client_order_id === id),
    );
    const planned = sending?.event.orders.find((order) => order.client_order_id === id);
    if (planned === undefined || !path.endsWith('/order')) return [];
    const { order_type: type, price_e8: priceE8, quantity_e8: quantityE8, reduce_only: reduceOnly } = planned;
    const sent = (name: string): number | null => {
      const text = params.text(name);
      return text === undefined ? null : readE8(text);
    };
    const told = differences([
      ['symbol', planned.symbol, params.text('symbol')],
      ['side', planned.side.toUpperCase(), params.text('side')],
      ['type', type.toUpperCase(), params.text('type')],
      ['quantity', quantityE8, sent('quantity')],
      ['price', priceE8, sent('price')],
      ['reduceOnly', reduceOnly ? 'true' : null, params.text('reduceOnly') ?? null],
    ]);
    return told.map((detail) => ({ code: 'recorded/sent', detail: `${id} at ${at(sentAtMs)}: ${detail}` }));
  });
}

function findTradesOtherwise({ events, world }: History): readonly Breach[] {
  const trades = new Map(world.exchange.world.state.trades.map((trade) => [String(trade.tradeId), trade]));
  return events.flatMap(({ atMs, event }) => {
    if (event.kind !== 'trade') return [];
    const { payload } = event;
    const trade = trades.get(payload.trade_id);
    if (trade === undefined)
      return [{ code: 'recorded/trade', detail: `${payload.trade_id} is none of the exchange's` }];
    const found = differences([
      ['symbol', trade.symbol, payload.symbol],
      ['side', trade.side.toLowerCase(), payload.side],
      ['quantity', Number(trade.quantity), payload.quantity_e8],
      ['price', fromE8(Number(trade.price)), payload.price],
      ['fee', fromE8(Number(trade.commission)), payload.fee_usdt],
      ['profit', fromE8(Number(trade.realisedProfit)), payload.realised_pnl_usdt],
      ['maker', trade.maker, payload.is_maker],
      ['instant', trade.timeMs, payload.at_venue_ms],
    ]);
    return found.map((detail) => ({
      code: 'recorded/trade',
      detail: `${payload.trade_id}, recorded at ${at(atMs)}: ${detail}`,
    }));
  });
}

function findBookedOtherwise({ events, world }: History): readonly Breach[] {
  const booked = world.exchange.world.state.income;
  return events.flatMap(({ atMs, event }) => {
    if (event.kind !== 'income') return [];
    return event.payload.rows.flatMap((row) => {
      const what = `${row.type} ${row.income_id}, recorded at ${at(atMs)}`;
      const income = booked.find(({ tranId, type }) => String(tranId) === row.income_id && type === row.type);
      if (income === undefined) return [{ code: 'recorded/income', detail: `${what} is none of the exchange's` }];
      const found = differences([
        ['symbol', income.symbol, row.symbol],
        ['amount', fromE8(Number(income.amount)), row.amount_usdt],
        ['instant', income.timeMs, row.at_venue_ms],
        ['trade', income.tradeId === null ? null : String(income.tradeId), row.trade_id],
      ]);
      return found.map((detail) => ({ code: 'recorded/income', detail: `${what}: ${detail}` }));
    });
  });
}

const CENT = 0.01;

/** What a position has gained is its way from the entry price to the mark. */
function findMissummed({ events }: History): readonly Breach[] {
  return events.flatMap(({ atMs, event }) => {
    if (event.kind !== 'account') return [];
    return event.payload.positions.flatMap(({ entry_price, mark_price, quantity_e8, symbol, unrealised_pnl_usdt }) => {
      const gained = fromE8(quantity_e8) * (mark_price - entry_price);
      if (Math.abs(unrealised_pnl_usdt - gained) <= CENT) return [];
      const detail = `${symbol} at ${at(atMs)} has gained ${unrealised_pnl_usdt}, and not ${gained}`;
      return [{ code: 'recorded/gained', detail }];
    });
  });
}

/** What is recorded under a name is not what was meant. */
function differences(rows: readonly (readonly [name: string, meant: unknown, recorded: unknown])[]): readonly string[] {
  return rows.flatMap(([name, meant, recorded]) => {
    const isClose =
      typeof meant === 'number' && typeof recorded === 'number' && Math.abs(meant - recorded) <= HAIR * Math.abs(meant);
    return isClose || meant === recorded ? [] : [`${name} ${String(meant)}, and not ${String(recorded)}`];
  });
}
