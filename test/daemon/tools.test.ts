import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type {
  AccountBody,
  CandlesBody,
  MarketBody,
  OrderBody,
  OrderBookBody,
  PositionBody,
} from '../../daemon/contract/types/reads.ts';
import { CORE_VERSION } from '../../daemon/core/core-version.ts';
import { writeContext } from '../../daemon/core/record-text/rows.ts';
import type { ToolName } from '../../daemon/core/request.ts';
import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { sha256Hex } from '../../daemon/ledger/chain/hash-chain.ts';
import { order, type ToolBody } from './harness.ts';
import { UNPACED } from './policy-edits.ts';
import { suiteWorld } from './suite-world.ts';

interface Page {
  readonly next: string | null;
}

/** What the tools tell an agent, and what they do, stands in the exchange's books. */
describe('the tools', () => {
  const world = suiteWorld({ policy: UNPACED });
  let other: string;
  let canceled: ToolBody;
  let filled: ToolBody;
  let rests: ToolBody;
  before(async () => {
    other = world.createAgent('other');
    const place = async (args: object, token?: string): Promise<ToolBody> => {
      const { body } = await world.place({ requested_leverage: 3, ...args }, token);
      assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
      return body;
    };
    filled = await place({ requested_notional: 300 });
    await place({ symbol: 'ETHUSDT', side: 'sell', requested_notional: 200 }, other);
    canceled = await place({ order_type: 'limit', limit_price: 58_000, requested_notional: 120 });
    await world.tool('cancel_all', {});
    rests = await place({ order_type: 'limit', limit_price: 58_100, requested_notional: 130 });
    await world.setMark('BTCUSDT', 60_100);
    for (let i = 0; i < 3; i += 1) await world.advance(5_000);
  });

  const read = async <T>(tool: ToolName, args: object = {}): Promise<T> => {
    const { body, status } = await world.tool(tool, args);
    assert.equal(status, 200, JSON.stringify(body));
    return (body as unknown as { readonly result: T }).result;
  };
  const orders = async (args: object = {}): Promise<readonly OrderBody[]> =>
    (await read<{ orders: OrderBody[] }>('get_orders', args)).orders;
  const idOf = ({ execution }: ToolBody): string => execution.orders[0]?.client_order_id ?? '';
  const near = (a: number | string | null | undefined, b: number | string, by = 0.01): void =>
    assert.ok(Math.abs(Number(a) - Number(b)) <= by, `${a} told, ${b} in the books`);

  it('get_positions has each with its sign, its value at the mark, its prices, and whose it is [AN-92 AN-94 AN-95 AN-96 TD-14 TD-16]', async () => {
    const { positions } = await read<{ positions: PositionBody[] }>('get_positions');
    const books = (await world.books()).positions.filter(({ quantity }) => Number(quantity) !== 0);
    assert.deepEqual(positions.map(({ held, symbol }) => [symbol, held]).sort(), [
      ['BTCUSDT', 'yours'],
      ['ETHUSDT', 'another'],
    ]);
    for (const reported of positions) {
      const book = books.find(({ symbol }) => symbol === reported.symbol);
      near(reported.quantity, book?.quantity ?? '', 0);
      near(reported.mark_price, book?.mark_price ?? '', 0);
      near(reported.notional_usdt, Math.abs(Number(book?.quantity)) * Number(book?.mark_price));
      assert.ok(Number(reported.entry_price) > 0 && Number(reported.liquidation_price) > 0);
      const moved = Number(reported.mark_price) - Number(reported.entry_price);
      near(reported.unrealised_pnl_usdt, Number(reported.quantity) * moved);
      assert.equal(reported.leverage, 3);
      const isOwn = reported.held === 'yours';
      assert.deepEqual(reported.agent_share, isOwn ? { agent: reported.quantity } : {});
    }
    assert.ok(Number(positions.find(({ symbol }) => symbol === 'ETHUSDT')?.quantity) < 0, 'negative is short');
  });

  it('get_positions gives all, or as many as are asked for and where to go on [AN-48 TF-46]', async () => {
    const first = await read<{ positions: PositionBody[] } & Page>('get_positions', { limit: 1 });
    const rest = await read<{ positions: PositionBody[] } & Page>('get_positions', { limit: 1, cursor: first.next });
    assert.deepEqual([first.positions.length, rest.positions.length, rest.next], [1, 1, null]);
    assert.notEqual(first.positions[0]?.symbol, rest.positions[0]?.symbol);
  });

  it('get_orders has its own, newest first, with status, filled quantity and the average price once there is one [AN-56 AN-81 TD-17 TF-24]', async () => {
    assert.deepEqual(
      (await orders()).map(({ average_price, client_order_id, filled_quantity, status }) => [
        client_order_id,
        status,
        Number(filled_quantity),
        average_price === null,
      ]),
      [
        [idOf(rests), 'working', 0, true],
        [idOf(canceled), 'canceled', 0, true],
        [idOf(filled), 'filled', Number(filled.execution.orders[0]?.quantity), false],
      ],
    );
    const book = (await world.books()).orders.find((each) => each.client_order_id === idOf(filled));
    const average = Number(book?.executed_notional_usdt) / Number(filled.execution.orders[0]?.quantity);
    near((await orders()).at(-1)?.average_price, average);
  });

  it('get_orders can be asked for those that may still fill, for ended ones, and for one symbol [TD-18 TF-21 TF-22 TF-23 TF-47]', async () => {
    const ids = async (args: object): Promise<readonly string[]> =>
      (await orders(args)).map(({ client_order_id }) => client_order_id);
    assert.deepEqual(await ids({ open: true }), [idOf(rests)]);
    assert.deepEqual(await ids({ open: false }), [idOf(canceled), idOf(filled)]);
    assert.equal((await ids({ symbol: 'BTCUSDT' })).length, 3);
    assert.deepEqual(await ids({ symbol: 'ETHUSDT' }), []);
    const first = await read<{ orders: OrderBody[] } & Page>('get_orders', { limit: 2 });
    const last = await read<{ orders: OrderBody[] } & Page>('get_orders', { cursor: first.next });
    assert.deepEqual([first.orders.length, last.orders.map((each) => each.client_order_id)], [2, [idOf(filled)]]);
  });

  it('get_account has equity, turnover and fees as the exchange counts them, and losses as fractions [AN-97 TD-15]', async () => {
    const account = await read<AccountBody>('get_account');
    const { orders: placed, positions, wallet_balance_usdt: wallet } = await world.books();
    const profit = positions.reduce(
      (sum, { quantity, mark_price, ...row }) =>
        sum + Number(quantity) * (Number(mark_price) - Number((row as { entry_price?: string }).entry_price ?? 0)),
      0,
    );
    near(account.equity_usdt, Number(wallet) + profit);
    near(account.wallet_usdt, wallet);
    near(
      account.turnover_24h_usdt,
      placed.reduce((sum, each) => sum + Number(each.executed_notional_usdt), 0),
    );
    const fills = placed.flatMap((each) => each.fills as { readonly commission_usdt: string }[]);
    near(
      account.fees_24h_usdt,
      fills.reduce((sum, fill) => sum + Number(fill.commission_usdt), 0),
    );
    assert.ok(Number(account.available_usdt) < Number(account.equity_usdt), 'margin is taken');
    for (const fraction of [account.margin_ratio, account.drawdown, account.daily_loss])
      assert.ok(fraction !== null && fraction >= 0 && fraction < 0.1, `${fraction}`);
  });

  it('get_market has prices, regime with its cause, steps, smallest order and holder; of one symbol, or of every one of the policy [AN-107 AN-108 AN-109 TD-19 TF-25]', async () => {
    const { markets } = await read<{ markets: MarketBody[] }>('get_market');
    assert.deepEqual(
      markets.map(({ symbol }) => symbol),
      world.daemon.gate.core.policySpec.scope.symbols,
    );
    const [btc, ...none] = (await read<{ markets: MarketBody[] }>('get_market', { symbol: 'BTCUSDT' })).markets;
    assert.ok(btc !== undefined && none.length === 0);
    assert.equal(btc.mark_price, 60_100);
    assert.ok(Number(btc.bid) > 0 && Number(btc.bid) <= Number(btc.ask));
    assert.ok(['calm', 'volatile', 'extreme'].includes(btc.regime) && btc.regime_cause.length > 0);
    assert.deepEqual([btc.tick_size, btc.lot_size, btc.held].map(String), ['0.1', '0.001', 'yours']);
    assert.equal(typeof btc.funding_rate_8h, 'number');
    const { symbols } = (await atExchange('exchangeInfo')) as {
      readonly symbols: readonly { readonly symbol: string; readonly filters: readonly { [key: string]: string }[] }[];
    };
    const filters = symbols.find(({ symbol }) => symbol === 'BTCUSDT')?.filters ?? [];
    near(btc.min_notional_usdt, filters.find(({ filterType }) => filterType === 'MIN_NOTIONAL')?.notional ?? '', 0);
    const smallest = { requested_notional: btc.smallest_order_usdt };
    assert.notEqual((await world.dryRun('place_order', order(smallest))).body.decision.decision, 'BLOCK');
  });

  const atExchange = async (query: string) => (await world.sim.fetch(`${world.sim.url}/fapi/v1/${query}`)).json();

  it('get_candles has the closed candles of the exchange, oldest first, thirty of them or as many as are asked for, and the close of the last [AN-112 AN-113 AN-114 TD-60 TD-64 TF-60 TF-62]', async () => {
    const reported = await read<CandlesBody>('get_candles', { symbol: 'ETHUSDT' });
    const rows = (await atExchange('klines?symbol=ETHUSDT&interval=15m&limit=100')) as readonly (readonly unknown[])[];
    const closed = rows.filter((row) => Number(row[6]) < world.nowMs());
    assert.equal(reported.interval, '15m');
    assert.deepEqual(
      reported.candles.map(({ open_at_ms, open, high, low, close, volume }) => [
        open_at_ms,
        ...[open, high, low, close, volume],
      ]),
      closed.slice(-30).map((row) => row.slice(0, 6).map(Number)),
    );
    assert.equal(reported.bars_as_of_ms, Number(closed.at(-1)?.[6]) + 1);
    const two = await read<CandlesBody>('get_candles', { symbol: 'ETHUSDT', interval: '15m', limit: 2 });
    assert.deepEqual(two, { ...reported, candles: reported.candles.slice(-2) });
  });

  it('get_order_book has best bid and ask of the exchange with their quantities, and the time of both [AN-103 AN-104 AN-111 AN-115 AN-116 TD-62 TD-65]', async () => {
    await world.setMark('ETHUSDT', 3_000, { spread_bps: 12, level_notional_usdt: 90_000 });
    const reported = await read<OrderBookBody>('get_order_book', { symbol: 'ETHUSDT' });
    const book = (await atExchange('ticker/bookTicker?symbol=ETHUSDT')) as { readonly [key: string]: string };
    const [bid, ask] = [Number(book.bidPrice), Number(book.askPrice)];
    assert.deepEqual(reported.bids, [{ price: bid, quantity: Number(book.bidQty) }]);
    assert.deepEqual(reported.asks, [{ price: ask, quantity: Number(book.askQty) }]);
    assert.ok(Number(book.askQty) > 0);
    near(reported.mid, (bid + ask) / 2, 1e-6);
    near(reported.spread_bps, 12, 0.2);
    const [market] = (await read<{ markets: MarketBody[] }>('get_market', { symbol: 'ETHUSDT' })).markets;
    assert.deepEqual([reported.quote_at_ms, bid, ask], [market?.quote_at_ms, market?.bid, market?.ask]);
    await world.setMark('ETHUSDT', 3_000, { spread_bps: 0 });
  });

  it('get_limits has every symbol of the policy, or one, with whose it is [TD-20 TD-29 TF-26]', async () => {
    const symbols = async (args: object) =>
      (await read<{ symbols: { held: string; symbol: string }[] }>('get_limits', args)).symbols.map(
        ({ held, symbol }) => [symbol, held],
      );
    assert.deepEqual(await symbols({ symbol: 'ETHUSDT' }), [['ETHUSDT', 'another']]);
    assert.equal((await symbols({})).length, world.daemon.gate.core.policySpec.scope.symbols.length);
  });

  it('get_decision has an own decision with what became of it since, and no other agent’s [AN-51 AN-52 AN-53 AN-55 AN-56 AN-254 AN-256 AN-257 TD-23 TD-32]', async () => {
    const states = async ({ decision }: ToolBody) =>
      (await read<ToolBody>('get_decision', { decision_id: decision.decision_id })).execution.state;
    assert.deepEqual(await Promise.all([filled, rests, canceled].map(states)), ['filled', 'working', 'canceled']);
    const { decision, execution } = await read<ToolBody>('get_decision', { decision_id: filled.decision.decision_id });
    assert.equal(execution.orders[0]?.average_price, (await orders()).at(-1)?.average_price);
    const record = world.daemon.ledger.readEvent(decision.seq)?.payload as DecisionEvent;
    assert.equal(record.decision.decision_id, decision.decision_id);
    assert.deepEqual(
      [decision.context_hash, decision.core_version],
      [sha256Hex(writeContext(record.context)), CORE_VERSION],
    );
    const { updated_at_ms: sentMs } = (await orders()).at(-1) ?? assert.fail('it was sent');
    assert.ok(decision.at_ms <= sentMs && sentMs - decision.at_ms < 1_000, `${decision.at_ms}, ${sentMs}`);
    const foreign = await world.tool('get_decision', { decision_id: filled.decision.decision_id }, other);
    assert.equal(foreign.status, 404);
  });

  it('cancel_order ends what is left of an order of the asker, and what has filled stays [AN-255 TD-11 TD-12]', async () => {
    const held = await world.position('BTCUSDT');
    const match = { method: 'POST', path: '/fapi/v1/order' };
    await world.fault({ kind: 'partial-fill', fraction: 0.5, match });
    const part = { order_type: 'limit', limit_price: 60_200, requested_notional: 245 };
    const { body } = await world.place(part);
    const bought = (await world.position('BTCUSDT')) - held;
    assert.ok(bought > 0, JSON.stringify(body));
    await world.tool('cancel_order', { client_order_id: idOf(body) });
    const after = (await orders()).find(({ client_order_id }) => client_order_id === idOf(body));
    assert.ok(after?.status !== 'working' && Number(after?.filled_quantity) > 0, JSON.stringify(after));
    assert.equal((await world.position('BTCUSDT')) - held, bought);
  });

  it('place_order at the market goes out at its bound, and what does not fill within it is canceled [AN-6 AN-116 TD-34 TD-42 TF-4 TF-37]', async () => {
    const held = await world.position('BTCUSDT');
    // The best ask is half of a spread of 40 bps off the middle.
    await world.setMark('BTCUSDT', 60_100, { spread_bps: 40 });
    const { body } = await world.place({ requested_notional: 130, max_slippage_bps: 10 });
    assert.equal(body.decision.effective?.time_in_force, 'IOC', JSON.stringify(body.decision.reasons));
    const [btc] = (await read<{ markets: MarketBody[] }>('get_market', { symbol: 'BTCUSDT' })).markets;
    const middle = (Number(btc?.bid) + Number(btc?.ask)) / 2;
    const bound = Number(body.decision.effective?.limit_price);
    assert.ok(
      bound > middle && bound < middle * 1.001 + 0.01 && bound < Number(btc?.ask),
      `${bound} of ${btc?.bid}/${btc?.ask}`,
    );
    const reported = (await orders()).find(({ client_order_id }) => client_order_id === idOf(body));
    assert.ok(['canceled', 'expired'].includes(reported?.status ?? ''), reported?.status);
    assert.equal(await world.position('BTCUSDT'), held);
    await world.setMark('BTCUSDT', 60_100, { spread_bps: 0 });
  });

  it('close_position closes the fraction that is named, and all where none is [TD-7 TD-27 TF-38 TF-39]', async () => {
    const held = await world.position('BTCUSDT');
    await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    const left = await world.position('BTCUSDT');
    assert.ok(Math.abs(left - held / 2) <= 0.001, `${left} of ${held}`);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.equal(await world.position('BTCUSDT'), 0);
  });

  it('get_orders gives a hundred where nothing else is asked for [TF-45]', async () => {
    const count = async (args: object): Promise<number> => (await orders(args)).length;
    for (let i = 0; i < 100; i += 1) {
      await world.place({ order_type: 'limit', limit_price: 58_000 + i, requested_notional: 65 });
      if (i % 10 === 9) await world.tool('cancel_all', {});
    }
    assert.deepEqual([await count({}), (await count({ limit: 5_000 })) > 100], [100, true]);
  });
});
