import type {
  Agent,
  AgentAnswer,
  AgentRequest,
  AgentView,
  MarketGlance,
  OrderReport,
  PlannedAsk,
} from '../../../daemon/evaluation/facts/agents.ts';
import type { MarketData } from '../../../daemon/evaluation/facts/markets.ts';

/** What a stand-in for the gate says; notional null: as asked. */
export interface Ruling {
  readonly decision: 'ALLOW' | 'LIMIT' | 'BLOCK';
  readonly notionalUsdt?: number | null;
  readonly code?: string;
  readonly limit?: number;
  readonly retryAfterMs?: number | null;
}
export type Gatekeeper = (request: AgentRequest, world: World) => Ruling;
export interface LoggedAsk {
  readonly atMs: number;
  readonly ask: PlannedAsk;
  readonly ruling: Ruling;
  readonly lotsBefore: number;
  readonly grossBefore: number;
}
type Asker = Pick<Agent, 'onAnswer'>;

export const letPass: Gatekeeper = () => ({ decision: 'ALLOW' });

/**
 * A plain account on recorded bars: takers fill at the mark without cost, limit orders rest and fill at their price when
 * a later bar trades there. It judges nothing; a gatekeeper does.
 */
export class World {
  readonly market: MarketData;
  readonly log: LoggedAsk[] = [];
  readonly positions = new Map<string, { lots: number; entryPrice: number }>();
  openOrders: OrderReport[] = [];
  nowMs: number;
  equityUsdt = 10_000;
  readonly #gatekeeper: Gatekeeper;
  readonly #next: number[];
  #queue: { atMs: number; seq: number; ask: PlannedAsk; asker: Asker }[] = [];
  #seq = 0;

  constructor(market: MarketData, gatekeeper: Gatekeeper = letPass) {
    this.market = market;
    this.nowMs = market.startMs;
    this.#gatekeeper = gatekeeper;
    this.#next = market.symbols.map(({ openMs }) => openMs.findIndex((open) => open >= market.startMs));
    this.glance = {
      symbols: market.symbols.map(({ instrument }) => instrument.symbol),
      barMs: market.barMs,
      instrument: (symbol) => this.#bars(symbol).instrument,
      close: (symbol, back) => this.#bars(symbol).close[this.#index(symbol) - 1 - back],
      high: (symbol, back) => this.#bars(symbol).high[this.#index(symbol) - 1 - back],
      low: (symbol, back) => this.#bars(symbol).low[this.#index(symbol) - 1 - back],
      volume: (symbol, back) => this.#bars(symbol).volume[this.#index(symbol) - 1 - back],
      mark: (symbol) => this.mark(symbol),
    };
  }

  /** Index of the next bar that has not closed, by symbol. */
  #index(symbol: string): number {
    return this.#next[this.market.symbols.findIndex(({ instrument }) => instrument.symbol === symbol)]!;
  }
  mark(symbol: string): number | null {
    const bars = this.market.symbols.find(({ instrument }) => instrument.symbol === symbol);
    const index = bars === undefined ? -1 : this.#index(symbol);
    if (bars === undefined || index < 0 || index >= bars.openMs.length) return null;
    const share = (this.nowMs - bars.openMs[index]!) / this.market.barMs;
    return share < 0 || share > 1 ? null : bars.open[index]! + (bars.close[index]! - bars.open[index]!) * share;
  }
  lotUsdt(symbol: string, price: number): number {
    const { lotMantissa, lotScale } = this.#bars(symbol).instrument;
    return (price * lotMantissa) / lotScale;
  }
  #bars(symbol: string): MarketData['symbols'][number] {
    return this.market.symbols.find(({ instrument }) => instrument.symbol === symbol)!;
  }
  lots(symbol: string): number {
    return this.positions.get(symbol)?.lots ?? 0;
  }
  gross(): number {
    let gross = 0;
    for (const [symbol, { lots, entryPrice }] of this.positions) {
      gross += Math.abs(lots) * this.lotUsdt(symbol, this.mark(symbol) ?? entryPrice);
    }
    return gross;
  }

  readonly glance: MarketGlance;
  view(): AgentView {
    const { equityUsdt, positions, openOrders } = this;
    return { nowMs: this.nowMs, market: this.glance, account: { equityUsdt, positions, openOrders } };
  }

  plan(asks: readonly PlannedAsk[], asker: Asker): void {
    for (const ask of asks) this.#queue.push({ atMs: this.nowMs + ask.delayMs, seq: this.#seq++, ask, asker });
    this.#queue.sort((a, b) => a.atMs - b.atMs || a.seq - b.seq);
  }

  /** Asks that are due until an instant, each answered at once. */
  runAsks(untilMs: number): void {
    while (this.#queue.length > 0 && this.#queue[0]!.atMs <= untilMs) {
      const { atMs, ask, asker } = this.#queue.shift()!;
      this.nowMs = Math.max(this.nowMs, atMs);
      this.plan(asker.onAnswer(ask, this.#answer(ask), this.view()), asker);
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Bar by bar over the whole market. */
  run(agent: Agent, onEach: (world: World) => void = () => undefined): void {
    const { startMs, endMs, barMs } = this.market;
    for (let openMs = startMs; openMs < endMs; openMs += barMs) {
      this.nowMs = openMs;
      this.plan(agent.onBar(this.view()), agent);
      onEach(this);
      this.runAsks(openMs + barMs - 1);
      this.closeBar(openMs);
    }
  }

  /** One episode from its start on, until nothing is planned any more or the market ends. */
  play(attacker: Pick<Agent, 'onAnswer'> & { start: Agent['onBar'] }, startMs: number): readonly LoggedAsk[] {
    const { endMs, barMs } = this.market;
    for (let openMs = this.market.startMs; openMs < endMs; openMs += barMs) {
      const closeMs = openMs + barMs;
      if (openMs <= startMs && startMs < closeMs) {
        this.nowMs = startMs;
        this.plan(attacker.start(this.view()), attacker);
      }
      if (openMs > startMs && this.#queue.length === 0) break;
      this.runAsks(closeMs - 1);
      this.closeBar(openMs);
    }
    return this.log;
  }

  closeBar(openMs: number): void {
    this.market.symbols.forEach((bars, i) => {
      const index = this.#next[i]!;
      if (bars.openMs[index] !== openMs) return;
      this.#fillResting(bars.instrument.symbol, bars.low[index]!, bars.high[index]!);
      this.#next[i] = index + 1;
    });
  }

  #fillResting(symbol: string, low: number, high: number): void {
    this.openOrders = this.openOrders.filter((order) => {
      if (order.symbol !== symbol) return true;
      const price = order.priceTicks! / this.#bars(symbol).instrument.tickScale;
      if (order.side === 'buy' ? low > price : high < price) return true;
      this.#book(symbol, order.side === 'buy' ? order.lots : -order.lots, price);
      return false;
    });
  }

  #answer(ask: PlannedAsk): AgentAnswer {
    const { request } = ask;
    const lotsBefore = request.symbol === null ? 0 : this.lots(request.symbol);
    const ruling = this.#gatekeeper(request, this);
    this.log.push({ atMs: this.nowMs, ask, ruling, lotsBefore, grossBefore: this.gross() });
    const asked = request.requestedNotional;
    const notional = ruling.decision === 'BLOCK' ? null : (ruling.notionalUsdt ?? asked);
    const orders = ruling.decision === 'BLOCK' ? [] : this.#execute(request, notional);
    const reasons =
      ruling.code === undefined ? [] : [{ code: ruling.code, observed: asked, limit: ruling.limit ?? null }];
    return {
      decisionId: `d${this.log.length}`,
      decision: ruling.decision,
      reasons,
      retryAfterMs: ruling.retryAfterMs ?? null,
      effectiveNotional: notional,
      orders,
    };
  }

  #execute(request: AgentRequest, notional: number | null): OrderReport[] {
    const { symbol, side, tool } = request;
    if (tool === 'cancel_order')
      this.openOrders = this.openOrders.filter((o) => o.clientOrderId !== request.clientOrderId);
    if (tool === 'modify_order') this.#amend(request);
    const mark = symbol === null ? null : this.mark(symbol);
    if (symbol === null || mark === null) return [];
    if (tool === 'close_position') {
      this.#book(symbol, -Math.round(this.lots(symbol) * Math.min(1, request.fraction ?? 1)), mark);
      return [];
    }
    if (tool !== 'place_order' || notional === null || side === null) return [];
    let lots = Math.floor(notional / this.lotUsdt(symbol, mark));
    const sign = side === 'buy' ? 1 : -1;
    if (request.intent === 'close') lots = Math.min(lots, Math.max(0, -sign * this.lots(symbol)));
    if (lots === 0) return [];
    if (request.limitPrice === null) {
      this.#book(symbol, sign * lots, mark);
      return [];
    }
    const priceTicks = Math.round(request.limitPrice * this.#bars(symbol).instrument.tickScale);
    const clientOrderId = `o${this.#seq++}`;
    const order = { clientOrderId, symbol, side, lots, filledLots: 0, priceTicks, reduceOnly: false, isOpen: true };
    this.openOrders = [...this.openOrders, order];
    return [order];
  }

  #amend({ clientOrderId, symbol, requestedNotional, limitPrice }: AgentRequest): void {
    this.openOrders = this.openOrders.map((order) => {
      if (order.clientOrderId !== clientOrderId || symbol === null) return order;
      const { tickScale } = this.#bars(symbol).instrument;
      const priceTicks = limitPrice === null ? order.priceTicks : Math.round(limitPrice * tickScale);
      const lotUsdt = this.lotUsdt(symbol, priceTicks! / tickScale);
      return {
        ...order,
        priceTicks,
        lots: requestedNotional === null ? order.lots : Math.floor(requestedNotional / lotUsdt),
      };
    });
  }

  #book(symbol: string, change: number, price: number): void {
    const before = this.positions.get(symbol) ?? { lots: 0, entryPrice: price };
    const lots = before.lots + change;
    const isAdding = before.lots * change >= 0;
    const closed = isAdding ? 0 : Math.sign(before.lots) * Math.min(Math.abs(before.lots), Math.abs(change));
    this.equityUsdt += closed * (this.lotUsdt(symbol, price) - this.lotUsdt(symbol, before.entryPrice));
    const cost = before.lots * before.entryPrice + change * price;
    const entryPrice = isAdding ? cost / lots : before.lots * lots < 0 ? price : before.entryPrice;
    if (lots === 0) this.positions.delete(symbol);
    else this.positions.set(symbol, { lots, entryPrice });
  }
}
