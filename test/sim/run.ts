import { createHash } from 'node:crypto';
import { createAuditor } from '../../daemon/engine/audit/verify.ts';
import { readEpochs } from '../../daemon/ledger/verify/epochs.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { DaemonWorld, type TestAnswer, type ToolBody } from '../daemon/harness.ts';
import { Draw } from './draw.ts';
import { isOpen, Judge, readBooks } from './judge.ts';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
const START_PRICE = { BTCUSDT: 60_000, ETHUSDT: 3_000 } as const;
type Symbol = (typeof SYMBOLS)[number];

export interface RunReport {
  readonly seed: number;
  readonly steps: number;
  readonly decisions: number;
  readonly fills: number;
  readonly breaches: readonly string[];
}

/** One seeded world: agents, market, faults, restarts and an operator, judged after every step. */
export async function runWorld(seed: number, steps: number): Promise<RunReport> {
  const draw = new Draw(seed);
  const world = await DaemonWorld.start({
    answerWithinMs: 400,
    sim: { seed },
    policy: (spec) => {
      spec.account.concentration = { share: 0.99, floor_usdt: 3_000 };
      spec.temporal.flip_interval_ms = 1_000;
      spec.market.regimes.volatile.cooldown_ms = 500;
      spec.market.regimes.extreme.cooldown_ms = 1_000;
      spec.budgets.turnover_usdt_per_day = 1_000_000;
      spec.budgets.fees_usdt_per_day = 1_000;
      spec.staging = { spacing_ms: 500, ttl_ms: 60_000 };
      spec.standing.on_breach = draw.pick(['hold', 'cancel_opening', 'reduce'] as const);
    },
  });
  const run = new Run(world, draw, seed);
  try {
    await run.start();
    for (let step = 0; step < steps && run.judge.breaches.length === 0; step += 1) await run.step();
    if (run.judge.breaches.length === 0) await run.finish();
    const books = await readBooks(world);
    const decisions = [...world.daemon.ledger.iterateEvents({ kind: 'decision' })].length;
    return {
      seed,
      steps,
      decisions,
      fills: books.fills.length,
      breaches: [...run.judge.breaches, ...(run.judge.breaches.length === 0 ? [] : run.trail)],
    };
  } finally {
    await world.close();
  }
}

class Run {
  readonly judge = new Judge();
  readonly trail: string[] = [];
  readonly #world: DaemonWorld;
  readonly #draw: Draw;
  readonly #pauses: Draw;
  readonly #tokens: string[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  readonly #marks = new Map<Symbol, number>(SYMBOLS.map((symbol) => [symbol, START_PRICE[symbol]]));
  readonly #requests: { readonly args: object; readonly token: string }[] = [];
  #state: 'active' | 'reducing' | 'halted' = 'active';
  #request = 0;
  #staleUntil = 0;
  readonly #seed: number;

  constructor(world: DaemonWorld, draw: Draw, seed: number) {
    this.#world = world;
    this.#draw = draw;
    this.#pauses = new Draw(seed + 1_000_000);
    this.#seed = seed;
  }

  async start(): Promise<void> {
    this.#tokens.push(this.#world.token('agent'), this.#world.createAgent('second'));
    for (const symbol of SYMBOLS) await this.#world.setMark(symbol, START_PRICE[symbol]);
  }

  async step(): Promise<void> {
    if (this.#state !== 'active' && this.#draw.chance(20)) await this.#setState('active');
    const act = this.#draw.weighted<() => Promise<void>>([
      [30, () => this.#open()],
      [8, () => this.#burst()],
      [4, () => this.#haltBurst()],
      [14, () => this.#close()],
      [8, () => this.#modify()],
      [6, () => this.#cancel()],
      [5, () => this.#repeat()],
      [14, () => this.#moveMarket()],
      [14, () => this.#pass()],
      [22, () => this.#fault()],
      [1, () => this.#disconnect()],
      [5, () => this.#operate()],
      [2, () => this.#transfer()],
      [2, () => this.#restart()],
    ]);
    await act();
    await this.#look();
    await this.#world.sleep(this.#drawPause());
  }
  /** Wall time between two steps: what hangs is given up after 10 s of it, amid other things. */
  #drawPause(): number {
    const [from, to] = this.#pauses.weighted<readonly [number, number]>([
      [6, [0, 100]],
      [3, [100, 1_000]],
      [1, [1_000, 6_000]],
    ]);
    return this.#pauses.int(from, to);
  }

  async #look(): Promise<void> {
    this.judge.look(this.#world.daemon, await readBooks(this.#world));
  }
  #note(what: string): void {
    this.trail.push(what);
    // HOLDFAST_TEST_TRAIL shows what happens while it happens.
    if (process.env.HOLDFAST_TEST_TRAIL !== undefined) process.stderr.write(`[${this.#seed}] ${what}\n`);
    if (this.trail.length > 60) this.trail.shift();
  }
  #token(): string {
    return this.#draw.pick(this.#tokens);
  }
  #args(): { symbol: Symbol; args: object } {
    const symbol = this.#draw.pick(SYMBOLS);
    const mark = this.#marks.get(symbol) ?? START_PRICE[symbol];
    const side = this.#draw.weighted([[3, 'buy'] as const, [1, 'sell'] as const]);
    const isLimit = this.#draw.chance(45);
    const away = this.#draw.int(-5, 120) / 10_000;
    const limit = side === 'buy' ? mark * (1 - away) : mark * (1 + away);
    const tick = symbol === 'BTCUSDT' ? 10 : 100;
    this.#request += 1;
    return {
      symbol,
      args: {
        symbol,
        intent: 'open',
        side,
        requested_notional: this.#draw.int(60, 1_500),
        requested_leverage: this.#draw.int(1, 4),
        order_type: isLimit ? 'limit' : 'market',
        ...(isLimit ? { limit_price: Math.round(limit * tick) / tick } : {}),
        max_slippage_bps: this.#draw.pick([5, 20, 50]),
        strategy_id: 'sim',
        request_id: `r-${this.#seed}-${this.#request}`,
      },
    };
  }

  /** A call that may outlive the step: answers come at the outcome or after `answer_within_ms`. */
  async #tool(tool: string, args: object, token: string): Promise<TestAnswer<ToolBody> | null> {
    const call = this.#world.tool(tool, args, token).catch((error: unknown) => {
      this.#note(`${tool} failed: ${String(error)}`);
      return null;
    });
    this.#pending.add(call);
    const answer = await call;
    this.#pending.delete(call);
    const decision = answer?.body.decision;
    this.#note(
      `${tool} ${JSON.stringify(args)} -> ${decision?.decision ?? answer?.status} ${decision?.reasons.map((reason) => reason.code).join(',') ?? ''} ${answer?.body.execution?.state ?? ''}`,
    );
    return answer;
  }

  async #open(): Promise<void> {
    const { args } = this.#args();
    const token = this.#token();
    this.#requests.push({ args, token });
    if (this.#requests.length > 20) this.#requests.shift();
    await this.#tool('place_order', args, token);
  }
  async #burst(): Promise<void> {
    const calls: Promise<unknown>[] = [];
    for (let i = this.#draw.int(3, 10); i > 0; i -= 1)
      calls.push(this.#tool('place_order', this.#args().args, this.#token()));
    await Promise.all(calls);
  }
  /** Trading is halted while orders are on their way, some of them slowly. */
  async #haltBurst(): Promise<void> {
    if (this.#state !== 'active') return;
    for (const path of ['/fapi/v1/order', '/fapi/v1/leverage']) {
      const fault = {
        kind: 'delay',
        ms: this.#draw.int(30, 300),
        count: this.#draw.int(1, 3),
        match: { path, method: 'POST' },
      };
      await this.#world.fault(fault);
    }
    const burst = this.#burst();
    await this.#world.sleep(this.#draw.int(0, 60));
    await Promise.all([burst, this.#setState('halted')]);
  }
  async #repeat(): Promise<void> {
    const earlier = this.#requests.at(-1);
    if (earlier === undefined) return;
    await Promise.all([0, 1].map(() => this.#tool('place_order', earlier.args, earlier.token)));
  }

  /** An exit of what exists, known to the daemon and not halted, is never refused. */
  async #close(): Promise<void> {
    await this.#world.refresh();
    const symbol = this.#draw.pick(SYMBOLS);
    const isKnown = (await this.#isAgreed(symbol)) && this.#state !== 'halted';
    const held = (await readBooks(this.#world)).positions.get(symbol) ?? 0;
    const asOperator = this.#draw.chance(25);
    const token = asOperator ? this.#world.token('operator') : this.#token();
    const fraction = this.#draw.pick([0.3, 0.5, 1, 1]);
    const answer = await this.#tool('close_position', { symbol, fraction }, token);
    const decision = answer?.body.decision;
    if (!isKnown || held === 0 || decision === undefined || decision.decision !== 'BLOCK') return;
    const codes = decision.reasons.map((reason) => reason.code);
    const isOthers = !asOperator && codes.every((code) => code === 'EXIT_SCOPE');
    const after = (await readBooks(this.#world)).positions.get(symbol) ?? 0;
    if (!isOthers && after !== 0)
      this.judge.breaches.push(`an exit of ${held} ${symbol} was refused: ${codes.join(', ')}`);
  }
  async #isAgreed(symbol: Symbol): Promise<boolean> {
    const shown = (await this.#world.positions()).find((position) => position.symbol === symbol);
    return Number(shown?.quantity ?? 0) === ((await readBooks(this.#world)).positions.get(symbol) ?? 0);
  }

  async #pickOrder(): Promise<{ id: string; symbol: string; token: string } | null> {
    const open = (await this.#world.orders('?open=true')).filter((order) => !order.foreign);
    if (open.length === 0) return null;
    const order = this.#draw.pick(open);
    return {
      id: order.client_order_id,
      symbol: order.symbol,
      token: this.#tokens[order.agent === 'second' ? 1 : 0] ?? '',
    };
  }
  async #modify(): Promise<void> {
    const order = await this.#pickOrder();
    if (order === null) return;
    const mark = this.#marks.get(order.symbol as Symbol) ?? 0;
    const price = Math.round(mark * (1 - this.#draw.int(0, 100) / 10_000) * 10) / 10;
    const change = this.#draw.pick([
      { requested_notional: this.#draw.int(60, 1_500) },
      { limit_price: price },
      { requested_notional: this.#draw.int(60, 1_500), limit_price: price },
    ]);
    const times = this.#draw.pick([1, 1, 2]);
    await Promise.all(
      Array.from({ length: times }, () =>
        this.#tool('modify_order', { client_order_id: order.id, ...change }, order.token),
      ),
    );
  }
  async #cancel(): Promise<void> {
    const order = await this.#pickOrder();
    if (order === null || this.#draw.chance(25)) await this.#tool('cancel_all', {}, this.#token());
    else await this.#tool('cancel_order', { client_order_id: order.id }, order.token);
  }

  async #moveMarket(): Promise<void> {
    const symbol = this.#draw.pick(SYMBOLS);
    const mark = this.#marks.get(symbol) ?? START_PRICE[symbol];
    const bps = this.#draw.chance(10) ? this.#draw.int(-300, 300) : this.#draw.int(-60, 60);
    const price = Math.round(mark * (1 + bps / 10_000) * 10) / 10;
    this.#marks.set(symbol, price);
    this.#note(`mark of ${symbol} ${mark} -> ${price}`);
    await this.#world.setMark(symbol, price);
  }
  async #pass(): Promise<void> {
    const ms = this.#draw.pick([200, 1_000, 3_000, 15_000, 61_000]);
    // What is stale is stale for some wall time; hours of domain time within it would be another fault.
    if (ms > 1_000) await this.#within(1_000, async () => this.#world.monotonicMs() > this.#staleUntil);
    this.#note(`${ms} ms pass`);
    await this.#world.advance(ms);
  }
  async #fault(): Promise<void> {
    const order = { path: '/fapi/v1/order' };
    const fault = this.#draw.weighted<object>([
      [1, { kind: 'accept-then-timeout', match: { ...order, method: 'POST' } }],
      [6, { kind: 'reject-503-unknown', accepted: true, match: { ...order, method: 'POST' } }],
      [5, { kind: 'reject-503-unknown', accepted: false, match: { ...order, method: 'POST' } }],
      [4, { kind: 'reject-503-unknown', accepted: this.#draw.chance(50), match: { ...order, method: 'PUT' } }],
      [4, { kind: 'reject-503-unknown', accepted: this.#draw.chance(50), match: { ...order, method: 'DELETE' } }],
      [5, { kind: 'drop-before', match: order }],
      [6, { kind: 'drop-mid-body', match: order }],
      [4, { kind: 'delay', ms: this.#draw.int(50, 600), match: order }],
      [2, { kind: 'delay', ms: this.#draw.int(50, 600), match: { path: '/fapi/v1/leverage' } }],
      [2, { kind: 'status', status: 429, retry_after_s: 1, match: order }],
      [5, { kind: 'not-found-after-accept', queries: this.#draw.int(1, 5), match: { ...order, method: 'POST' } }],
      [6, { kind: 'partial-fill', fraction: String(this.#draw.int(0, 10) / 10), match: { ...order, method: 'POST' } }],
      [3, { kind: 'stale-positions', ms: this.#draw.int(50, 800) }],
      [4, { kind: 'fill-lag', ms: this.#draw.int(50, 600), lagging: this.#draw.pick(['account', 'order']) }],
      [2, { kind: 'status', status: 503, body: 'Service Unavailable.', match: { path: '/fapi/v1/openOrders' } }],
      [2, { kind: 'status', status: 500, match: { path: '/fapi/v3/*' } }],
    ]);
    this.#note(`fault ${JSON.stringify(fault)}`);
    const { kind, ms } = fault as { readonly kind: string; readonly ms?: number };
    if (kind === 'stale-positions' || kind === 'fill-lag') this.#staleUntil = this.#world.monotonicMs() + (ms ?? 1_000);
    await this.#world.fault(fault);
  }
  /** Every connection to the exchange is cut, its control included, while an agent asks for something. */
  async #disconnect(): Promise<void> {
    const ms = this.#draw.int(20, 300);
    this.#note(`disconnected for ${ms} ms`);
    await this.#world.fault({ kind: 'disconnect', ms });
    await this.#tool('place_order', this.#args().args, this.#token());
    await this.#within(5_000, () =>
      readBooks(this.#world).then(
        () => true,
        () => false,
      ),
    );
  }

  async #operate(): Promise<void> {
    if (this.#state !== 'active') return this.#setState('active');
    if (this.#draw.chance(30)) return this.#flatten();
    await this.#setState(this.#draw.pick(['reducing', 'halted'] as const));
  }
  async #setState(state: 'active' | 'reducing' | 'halted'): Promise<void> {
    this.#note(`operator: ${state}`);
    this.judge.haltedSince = null;
    const answer = await this.#world.operator('PUT', '/v1/trading-state', { state, reason: 'sim' });
    if (answer.status !== 200) throw new Error(`trading state: ${JSON.stringify(answer)}`);
    this.#state = state;
    if (state === 'halted') await this.#beginHalt();
  }
  async #flatten(): Promise<void> {
    this.#note('operator: flatten');
    this.#state = 'halted';
    let isAnswered = false;
    const answer = this.#world.operator('POST', '/v1/flatten', { reason: 'sim' }).finally(() => {
      isAnswered = true;
    });
    // Unknown outcomes are settled by time, so time goes on meanwhile.
    while (!isAnswered) {
      await this.#world.control('advance', { ms: 200 });
      await Promise.race([answer, this.#world.sleep(25)]);
    }
    this.#note(`flatten -> ${JSON.stringify((await answer).body)} ${await this.#lastOrders()}`);
    await this.#beginHalt();
  }
  async #lastOrders(): Promise<string> {
    const orders = (await this.#world.orders()).slice(0, 8);
    const { positions } = await readBooks(this.#world);
    const shown = (await this.#world.positions()).map((position) => `${position.symbol} ${position.quantity}`);
    const said = `exchange ${[...positions].join(' ')}; gate ${shown.join(' ')}; `;
    return (
      said +
      orders
        .map(
          (order) =>
            `${order.client_order_id} ${order.symbol} ${order.side} ${order.filled_quantity}/${order.quantity} ${order.status}`,
        )
        .join('; ')
    );
  }
  /** What was on its way and what rests must be gone soon; from then on nothing fills but what an operator asks for. */
  async #beginHalt(): Promise<void> {
    const isGone = async (): Promise<boolean> => {
      await this.#world.refresh().catch(() => undefined);
      if (this.#pending.size > 0) return false;
      const { orders } = await readBooks(this.#world);
      return !orders.some((order) => isOpen(order) && !order.reduce_only);
    };
    if (!(await this.#within(12_000, isGone))) {
      this.judge.breaches.push('opening orders rest at the exchange long after the halt');
      return;
    }
    await this.#look();
    const { fills, orders } = await readBooks(this.#world);
    this.judge.haltedSince = {
      tradeId: fills.at(-1)?.trade_id ?? 0,
      orderId: Math.max(0, ...orders.map((order) => order.order_id)),
    };
  }
  async #transfer(): Promise<void> {
    const amount = this.#draw.int(-1_000, 1_500);
    this.#note(`transfer ${amount}`);
    await this.#world.control('transfer', { amount: String(amount) });
    await this.#world.refresh();
  }
  async #restart(): Promise<void> {
    this.#note('restart');
    await Promise.all(this.#pending);
    await this.#world.control('clear-faults', {});
    await this.#world.restart();
  }

  /** Quiet: every order known, everything closed, both sides agree, nothing reserved, and the ledger verifies. */
  async finish(): Promise<void> {
    this.#note('quiet');
    await this.#world.control('clear-faults', {});
    await Promise.all(this.#pending);
    this.judge.haltedSince = null;
    const isKnown = await this.#within(60_000, async () => {
      await this.#world.advance(7_000);
      return this.#world.daemon.gate.unknownOrderCount() === 0;
    });
    if (!isKnown)
      this.judge.breaches.push(`orders stay unknown although every fault is gone: ${await this.#describe()}`);
    if (this.#state !== 'active') await this.#setState('active');
    await this.#world.operator('POST', '/v1/tools/cancel_all', {});
    const isFlat = await this.#within(15_000, async () => {
      await this.#world.advance(11_000);
      for (const symbol of SYMBOLS) {
        if (((await readBooks(this.#world)).positions.get(symbol) ?? 0) !== 0)
          await this.#tool('close_position', { symbol }, this.#world.token('operator'));
      }
      await this.#world.refresh();
      return (await readBooks(this.#world)).orders.every((order) => !isOpen(order)) && (await this.#agreesOnFlat());
    });
    if (!isFlat) this.judge.breaches.push(`not flat in the end: ${await this.#describe()}`);
    await this.#look();
    this.#verify();
  }
  async #agreesOnFlat(): Promise<boolean> {
    const { positions } = await readBooks(this.#world);
    const shown = await this.#world.positions();
    const orders = await this.#world.orders('?open=true');
    return (
      [...positions.values()].every((quantity) => quantity === 0) &&
      shown.every((position) => Number(position.quantity) === 0) &&
      orders.every((order) => order.reserved_notional_usdt === 0)
    );
  }
  async #describe(): Promise<string> {
    const { positions, orders } = await readBooks(this.#world);
    const open = orders.filter(isOpen).map((order) => `${order.client_order_id} ${order.status}`);
    const shown = (await this.#world.positions()).map((position) => `${position.symbol} ${position.quantity}`);
    const ours = (await this.#world.orders('?open=true')).map((order) => `${order.client_order_id} ${order.status}`);
    return JSON.stringify({ exchange: [...positions], open, shown, ours, state: await this.#world.tradingState() });
  }
  #verify(): void {
    const { ledger } = this.#world.daemon;
    const auditor = createAuditor({
      genesisId: ledger.genesis.genesis_id,
      epochs: readEpochs(ledger),
      readPolicy: (hash) => ledger.readPolicy(hash),
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
    });
    const result = verifyLedger(ledger, { rederive: auditor.rederive, fold: auditor.fold });
    if (!result.ok) this.judge.breaches.push(`the ledger does not verify: ${JSON.stringify(result)}`);
  }
  async #within(ms: number, condition: () => Promise<boolean>): Promise<boolean> {
    const deadline = this.#world.monotonicMs() + ms;
    while (!(await condition())) {
      if (this.#world.monotonicMs() > deadline) return false;
      await this.#world.sleep(25);
    }
    return true;
  }
}
