import assert from 'node:assert/strict';
import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import type { DaemonWorld } from '../daemon/harness.ts';

/** A call that opens, as every door makes it. */
export const ORDER = {
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  // Four lots at the mark of 60,000, and half a per cent more.
  requested_notional: 242,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'doors',
};
const ORDERS_IN_TEN_SECONDS = 120;
const MARKS = [
  ['BTCUSDT', '60000'],
  ['ETHUSDT', '3000'],
] as const;

/** What a case finds when it is asked: the same for every door. */
export class Stage {
  readonly #world: DaemonWorld;
  #ids = 0;
  #isUsed = true;
  #seen = 0;
  readonly #sentAtMs: number[] = [];

  constructor(world: DaemonWorld) {
    this.#world = world;
  }

  /** Nothing rests, trading is active, prices are what they were; `isFlat`: nothing is held. */
  async clear(isFlat: boolean): Promise<void> {
    const world = this.#world;
    await this.#pace();
    if (this.#isUsed) {
      this.#isUsed = false;
      await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'cleared' });
      await world.tool('cancel_all', {}, world.token('operator'));
      await this.wait(2);
    }
    const held = isFlat ? (await world.positions()).filter(({ quantity }) => Number(quantity) !== 0) : [];
    if (held.length === 0) return;
    for (const { symbol } of held) await world.tool('close_position', { symbol }, world.token('operator'));
    await this.wait(2);
    for (const { quantity } of await world.positions()) assert.equal(Number(quantity), 0);
  }
  /** The exchange takes 300 orders of an account in ten seconds, and agents get half of them: the table has more. */
  async #pace(): Promise<void> {
    const { ledger } = this.#world.daemon;
    for (const { payload } of ledger.iterateEvents({ fromSeq: this.#seen + 1, kind: 'decision' }))
      for (const _ of (payload as unknown as DecisionEvent).orders) this.#sentAtMs.push(performance.now());
    this.#seen = ledger.lastSeq();
    const oldest = this.#sentAtMs.at(-ORDERS_IN_TEN_SECONDS);
    const waitMs = oldest === undefined ? 0 : oldest + 10_000 - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  /** Something may have been sent, or set, since all was cleared. */
  use(): void {
    this.#isUsed = true;
  }
  async wait(ms: number): Promise<void> {
    await this.#world.control('advance', { ms });
    for (const [symbol, price] of MARKS) await this.#world.control('set-mark', { symbol, price });
    await this.#world.refresh();
  }

  async setState(state: 'halted' | 'reducing'): Promise<void> {
    const { status } = await this.#world.operator('PUT', '/v1/trading-state', { state, reason: 'for the case' });
    assert.equal(status, 200);
  }
  /** A position of the agent's own. */
  async open(requested_notional = ORDER.requested_notional, symbol = 'BTCUSDT'): Promise<void> {
    await this.place({ ...ORDER, requested_notional, symbol });
    await this.#world.refresh();
  }
  /** An order that rests in the book. */
  async rest(): Promise<string> {
    const { body } = await this.#world.tool('place_order', { ...ORDER, order_type: 'limit', limit_price: 59_000 });
    const [first] = body.execution.orders;
    assert.equal(body.execution.state, 'working', JSON.stringify(body));
    return first?.client_order_id ?? '';
  }
  async place<T extends object>(args: T): Promise<T> {
    return this.send('place_order', args);
  }
  async send<T extends object>(tool: string, args: T): Promise<T> {
    const { body } = await this.#world.tool(tool, args);
    assert.notEqual(body.decision?.decision ?? 'BLOCK', 'BLOCK', JSON.stringify(body.decision?.reasons ?? body));
    return args;
  }
  newId(): string {
    this.#ids += 1;
    return `doors-${this.#ids}`;
  }
}
