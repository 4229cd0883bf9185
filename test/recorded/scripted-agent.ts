import type { PositionBody } from '../../daemon/contract/types/reads.ts';
import { toNumber } from '../../daemon/exchange-sim/core/fixed.ts';
import type { DaemonWorld, ToolBody } from '../daemon/harness.ts';
import { HOUR_MS, MINUTE_MS, type SymbolName } from './tape.ts';

/** One call and its answer. */
export interface Said {
  readonly atMs: number;
  readonly tool: string;
  readonly args: { readonly [key: string]: unknown };
  readonly status: number;
  readonly body: ToolBody;
  /** Exits: the agent's share before the call, base asset. */
  readonly shareBefore: number | null;
}

/** An agent that knows no more than an agent may: it calls tools over HTTP and reads answers. */
export class ScriptedAgent {
  readonly name: string;
  readonly said: Said[] = [];
  readonly #world: DaemonWorld;
  readonly #advance: (ms: number) => Promise<void>;
  readonly #token: string;
  /** The last opening order that was cut down, to be asked for again. */
  #limited: { readonly said: Said; readonly rest: number } | null = null;
  /** Resting orders that it placed and has not canceled. */
  readonly #resting = new Map<string, { readonly symbol: SymbolName; readonly price: number }>();

  constructor(world: DaemonWorld, advance: (ms: number) => Promise<void>, name: string, token: string) {
    this.#world = world;
    this.#advance = advance;
    this.name = name;
    this.#token = token;
  }

  mark(symbol: SymbolName): number {
    return toNumber(this.#world.sim.engine.state.markets.get(symbol)?.mark ?? 0n);
  }

  async #call(tool: string, args: Said['args'], shareBefore: number | null = null): Promise<Said> {
    const { status, body } = await this.#world.tool(tool, args, this.#token);
    const said = { atMs: this.#world.nowMs(), tool, args, status, body, shareBefore };
    this.said.push(said);
    return said;
  }

  async #open(symbol: SymbolName, notional: number, more: object): Promise<Said> {
    return this.#call('place_order', {
      symbol,
      intent: 'open',
      side: 'buy',
      requested_notional: notional,
      requested_leverage: 3,
      order_type: 'market',
      max_slippage_bps: 20,
      strategy_id: `script-${this.name}`,
      ...more,
    });
  }

  /** A market order; what was cut off is remembered for `askAgain`. Then its slices get the time that they need. */
  async buy(symbol: SymbolName, notional: number, more: object = {}): Promise<void> {
    const said = await this.#open(symbol, notional, more);
    const { decision, effective } = said.body.decision;
    const rest = notional - (effective?.notional ?? 0);
    this.#limited = decision === 'LIMIT' && rest > 100 ? { said, rest } : null;
    await this.#walkSlices(said);
  }

  async askAgain(): Promise<void> {
    const limited = this.#limited;
    if (limited === null) return;
    await this.buy(limited.said.args.symbol as SymbolName, limited.rest, {
      after_decision_id: limited.said.body.decision.decision_id,
    });
  }

  /** A limit order `away` (a fraction, below the mark when negative). */
  async rest(symbol: SymbolName, notional: number, away: number, more: object = {}): Promise<void> {
    const price = roundPrice(symbol, this.mark(symbol) * (1 + away));
    const said = await this.#open(symbol, notional, { order_type: 'limit', limit_price: price, ...more });
    for (const order of said.body.execution.orders)
      if (order.status === 'working') this.#resting.set(order.client_order_id, { symbol, price });
    await this.#walkSlices(said);
  }

  async sellShort(symbol: SymbolName, notional: number): Promise<void> {
    await this.#walkSlices(await this.#open(symbol, notional, { side: 'sell', requested_leverage: 1 }));
  }

  /** Moves its newest resting order of the symbol, by a fraction of the price; optionally to another total. */
  async modifyNewest(symbol: SymbolName, away: number, notional?: number): Promise<void> {
    const found = [...this.#resting].filter(([, order]) => order.symbol === symbol).at(-1);
    if (found === undefined) return;
    await this.#call('modify_order', {
      client_order_id: found[0],
      limit_price: roundPrice(symbol, found[1].price * (1 + away)),
      ...(notional === undefined ? {} : { requested_notional: notional }),
    });
  }

  async cancelOldest(symbol: SymbolName): Promise<void> {
    const found = [...this.#resting].find(([, order]) => order.symbol === symbol);
    if (found === undefined) return;
    this.#resting.delete(found[0]);
    await this.#call('cancel_order', { client_order_id: found[0] });
  }

  async cancelAll(): Promise<void> {
    this.#resting.clear();
    await this.#call('cancel_all', {});
  }

  async share(symbol: SymbolName): Promise<number> {
    const { body } = await this.#world.call<{ positions: PositionBody[] }>(
      'GET',
      '/v1/positions',
      undefined,
      this.#token,
    );
    const position = body.positions.find((held) => held.symbol === symbol);
    return Number(position?.agent_share[this.name] ?? 0);
  }

  /** Closes a part of its own share; does nothing when it has none. */
  async close(symbol: SymbolName, fraction: number): Promise<void> {
    const share = await this.share(symbol);
    if (share !== 0) await this.#call('close_position', { symbol, fraction }, share);
  }

  /** Would an exit pass at this moment? Recorded as a dry run, without effect. */
  async tryExit(symbol: SymbolName): Promise<void> {
    const share = await this.share(symbol);
    if (share === 0) return;
    const args = { symbol, fraction: 1 };
    const { status, body } = await this.#world.dryRun('close_position', args, this.#token);
    this.said.push({ atMs: this.#world.nowMs(), tool: 'dry-run', args, status, body, shareBefore: share });
  }

  async #walkSlices(said: Said): Promise<void> {
    if (said.body.execution.state !== 'staging') return;
    const { core } = this.#world.daemon.gate;
    for (const { slice, delay_ms: dueMs } of said.body.decision.constraints.staging_plan) {
      if (slice === 0) continue;
      await this.#advance(Math.max(0, said.atMs + dueMs - this.#world.nowMs()));
      const orders = core.state.orders.byDecision.get(said.body.decision.decision_id) ?? [];
      const isDue = (): boolean =>
        orders.some(
          (order) =>
            order.slice <= slice &&
            (order.status === 'pending_send' || order.status === 'in_flight' || order.status === 'unknown'),
        );
      const deadline = this.#world.monotonicMs() + 5_000;
      while (isDue()) {
        if (this.#world.monotonicMs() > deadline)
          throw new Error(`slice ${slice} of ${said.body.decision.decision_id} hangs`);
        await this.#world.sleep(5);
      }
    }
  }
}

function roundPrice(symbol: SymbolName, price: number): number {
  return symbol === 'BTCUSDT' ? Math.round(price * 10) / 10 : Math.round(price * 100) / 100;
}

/** What both agents do in an ordinary five-minute slot: they ask for more than they get, rest, change, leave. */
export async function actOnSchedule(trend: ScriptedAgent, careful: ScriptedAgent, atMs: number): Promise<void> {
  const hour = Math.floor(atMs / HOUR_MS) % 24;
  const isBuyingHour = hour % 3 === 1;
  switch (Math.floor((atMs % HOUR_MS) / (5 * MINUTE_MS))) {
    case 0:
      return isBuyingHour ? trend.buy('BTCUSDT', 1500, { requested_leverage: 5 }) : undefined;
    case 1:
      if (isBuyingHour) await trend.askAgain();
      return hour % 4 === 2 ? careful.rest('ETHUSDT', 150, 0.001, { requested_leverage: 1 }) : undefined;
    case 2:
      return isBuyingHour ? trend.buy('ETHUSDT', 700) : undefined;
    case 3:
      await trend.rest('BTCUSDT', 130, -0.01);
      return trend.rest('ETHUSDT', 60, -0.05);
    case 4:
      if (isBuyingHour) await trend.askAgain();
      return careful.rest('BTCUSDT', 130, -0.012, { requested_leverage: 1 });
    case 5:
      return trend.modifyNewest('BTCUSDT', -0.005);
    case 6:
      if (hour % 6 === 5) await trend.modifyNewest('ETHUSDT', 0, 120);
      return hour % 6 === 0 ? careful.sellShort('ETHUSDT', 150) : undefined;
    case 7:
      return hour % 2 === 1 ? trend.cancelOldest('ETHUSDT') : undefined;
    case 8:
      return hour % 8 === 0 ? trend.close('BTCUSDT', 0.5) : undefined;
    case 9:
      if (hour % 8 === 5) await trend.close('ETHUSDT', 0.5);
      return hour % 6 === 5 ? careful.close('ETHUSDT', 1) : undefined;
    case 10:
      if (hour !== 5) return careful.tryExit('BTCUSDT');
      await trend.cancelAll();
      await trend.close('BTCUSDT', 1);
      return trend.close('ETHUSDT', 1);
    default:
      await trend.tryExit('BTCUSDT');
      return trend.tryExit('ETHUSDT');
  }
}

/** What both agents do in a quarter of a minute of the crash: they ask on, rest below the market, and leave in parts. */
export async function actInCrash(trend: ScriptedAgent, careful: ScriptedAgent, step: number): Promise<void> {
  await trend.tryExit(step % 2 === 0 ? 'BTCUSDT' : 'ETHUSDT');
  switch (step % 20) {
    case 0:
      return trend.buy('BTCUSDT', 400);
    case 3:
      return careful.rest('ETHUSDT', 120, -0.04, { requested_leverage: 1 });
    case 5:
      return trend.askAgain();
    case 6:
      return trend.rest('BTCUSDT', 150, -0.06);
    case 8:
      return trend.buy('ETHUSDT', 400);
    case 10:
      return careful.rest('BTCUSDT', 130, -0.05, { requested_leverage: 1 });
    case 12:
      return trend.close(step % 40 === 12 ? 'BTCUSDT' : 'ETHUSDT', 0.2);
    case 15:
      return careful.close(step % 40 === 15 ? 'BTCUSDT' : 'ETHUSDT', 0.5);
    case 17:
      return trend.modifyNewest('BTCUSDT', -0.01);
    default:
      return;
  }
}
