import type { EffectiveAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { ownE8Of } from '../../engine/orders/holding.ts';
import { isTerminal, type OrderState } from '../../engine/orders/orders.ts';
import type { ReplayDriver } from '../engine/driver.ts';
import type { ReplayAccount } from '../exchange/account.ts';
import type {
  AccountGlance,
  Agent,
  AgentAnswer,
  AgentRequest,
  AgentView,
  AttackEpisode,
  MarketGlance,
  OrderReport,
  PlannedAsk,
} from '../facts/agents.ts';
import type { AskFacts, RequestVerdict, ScopeJudge } from '../facts/judging.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import { createMarketGlance } from '../market/walk/market-glance.ts';
import { readReplayIntake } from './intake.ts';
import type { JudgedVenue } from './judged-venue.ts';
import type { Asked, RunTally } from './tally.ts';

/** An attacker of one episode. */
export interface EpisodeAttacker {
  start: Agent['onBar'];
  onAnswer: Agent['onAnswer'];
}
/** The run whose desk it is. */
export interface DeskRun {
  readonly account: ReplayAccount;
  readonly clock: MarketClock;
  readonly core: ReplayDriver;
  readonly setup: {
    readonly agents: readonly { readonly name: string; readonly agent: Agent }[];
    readonly episodes: readonly AttackEpisode[];
  };
  readonly tally: RunTally;
}

/** Who asks: a strategy, or the attacker of an episode, under the name of an agent. */
export interface AskSource {
  readonly name: string;
  readonly episode: number | null;
  readonly onAnswer: Agent['onAnswer'];
}
export interface DeskParts {
  readonly run: DeskRun;
  readonly venue: JudgedVenue;
  readonly judge: ScopeJudge;
  readonly closed: Int32Array;
  readonly checkSchema: (tool: string, args: object) => string | null;
  readonly queueAsk: (source: AskSource, planned: PlannedAsk) => void;
}

/** An answer without a decision. */
function answerUnread(decision: AgentAnswer['decision'], reasons: AgentAnswer['reasons']): AgentAnswer {
  return { decisionId: '', decision, reasons, retryAfterMs: null, effectiveNotional: null, orders: [] };
}

/** Where agents ask and are answered; the judge hears of every ask before the gate decides it. */
export class AgentDesk {
  readonly #parts: DeskParts;
  readonly #market: MarketGlance;
  readonly #sources: readonly AskSource[];
  readonly #glances = new Map<string, AccountGlance>();
  #nextAskId = 0;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#market = createMarketGlance(parts.run.clock, parts.closed);
    this.#sources = parts.run.setup.agents.map(({ name, agent }) => ({
      name,
      episode: null,
      onAnswer: (ask, answer, view) => agent.onAnswer(ask, answer, view),
    }));
  }

  onBar(): void {
    const { agents } = this.#parts.run.setup;
    for (let i = 0; i < agents.length; i++) {
      const { name, agent } = agents[i]!;
      const asks = agent.onBar(this.#view(name));
      for (let k = 0; k < asks.length; k++) this.#parts.queueAsk(this.#sources[i]!, asks[k]!);
    }
  }

  /** An attacker acts in the name of an agent that it has compromised. */
  startEpisode(index: number, attacker: EpisodeAttacker): void {
    const { agents, episodes } = this.#parts.run.setup;
    const { agent, seed } = episodes[index]!;
    const { name } = agents.find((known) => known.name === agent) ?? agents[seed % agents.length]!;
    const source: AskSource = { name, episode: index, onAnswer: attacker.onAnswer.bind(attacker) };
    for (const planned of attacker.start(this.#view(name))) this.#parts.queueAsk(source, planned);
  }

  ask(source: AskSource, planned: PlannedAsk): void {
    const { run, judge } = this.#parts;
    const asked: Asked = {
      askId: this.#nextAskId++,
      origin: source.episode === null ? 'strategy' : 'attack',
      episode: source.episode,
      intention: planned.intention,
      agent: source.name,
      executedLots: 0,
      outOfScope: false,
    };
    const facts: AskFacts = {
      askId: asked.askId,
      atMs: run.clock.nowMs,
      origin: asked.origin,
      episode: source.episode === null ? null : run.setup.episodes[source.episode]!.id,
      intention: asked.intention,
      agent: source.name,
      request: planned.request,
      marks: run.clock.instantMarks(),
    };
    const verdict = judge.ask(facts);
    run.tally.noteAttempt(asked);
    const answer = this.#decide(asked, planned.request, verdict);
    for (const next of source.onAnswer(planned, answer, this.#view(source.name))) this.#parts.queueAsk(source, next);
  }

  #decide(asked: Asked, wanted: AgentRequest, verdict: RequestVerdict): AgentAnswer {
    const { run, venue } = this.#parts;
    const { core, clock, tally } = run;
    const intake = readReplayIntake(wanted, asked.agent, clock.nowMs, core.state.orders.all);
    if (intake.kind === 'read') return answerUnread('ALLOW', []);
    if (intake.kind === 'rejected')
      return answerUnread('BLOCK', [{ code: intake.code, observed: wanted.tool, limit: null }]);
    const { request, target } = intake;
    const isTrade = request.intent === 'open' || request.intent === 'close';
    if (asked.origin === 'strategy' && isTrade)
      tally.noteLegit(asked, verdict, {
        isOpening: request.intent === 'open',
        isReserved: this.#isReserved(request),
        usdtPerLot: this.#lotValue(request),
      });
    const decided = core.ask(request, this.#parts.checkSchema(request.tool, intake.args), target);
    const { acted, event } = decided;
    tally.noteDecision(asked, acted);
    if (acted.decision === 'BLOCK') this.#noteRefusal(asked, request, event.context.agent.share_lots);
    else {
      venue.noteAsk(decided.body.decision_id, asked, target);
      core.act(decided, target);
    }
    const orders = event.orders.flatMap(({ client_order_id: id }) => core.state.orders.all.get(id) ?? []);
    return {
      decisionId: event.decision.decision_id,
      decision: acted.decision,
      reasons: acted.reasons,
      retryAfterMs: acted.retry_after_ms,
      effectiveNotional: notionalOf(acted.effective),
      orders: orders.map((order) => describeOrder(order, clock)),
    };
  }

  /**
   * A position that its own agent asked to close stays open: the one thing that a gate must never do. What is held in an
   * account that is its alone is its own, whatever the gate says.
   */
  #noteRefusal(asked: Asked, request: ExecutionRequest, shareLots: number): void {
    const { account, setup, tally } = this.#parts.run;
    if (request.intent !== 'close' || asked.origin !== 'strategy') return;
    const held = account.lots(this.#indexOf(request.symbol));
    const own = setup.agents.length === 1 ? held : shareLots;
    if (held === 0 || own === 0) return;
    if (request.side !== null && (request.side === 'sell') !== own > 0) return;
    tally.refusedExits += 1;
  }

  #isReserved({ agent, symbol }: ExecutionRequest): boolean {
    return this.#parts.run.core.policyFor(agent).reserved.get(symbol ?? '') === agent;
  }

  #indexOf(symbol: string | null): number {
    return Math.max(0, this.#parts.run.clock.market.symbols.indexOf(symbol ?? ''));
  }

  #lotValue(request: ExecutionRequest): number {
    const { clock } = this.#parts.run;
    const i = clock.market.symbols.indexOf(request.symbol ?? '');
    if (i < 0) return 0;
    const { lotMantissa, lotScale } = clock.market.series[i]!.bars.instrument;
    return (clock.marks[i]! * lotMantissa) / lotScale;
  }

  #view(agent: string): AgentView {
    let glance = this.#glances.get(agent);
    if (glance === undefined) {
      glance = new LiveGlance(this.#parts.run, agent);
      this.#glances.set(agent, glance);
    }
    return { nowMs: this.#parts.run.clock.nowMs, market: this.#market, account: glance };
  }
}

function notionalOf(effective: EffectiveAction | null): number | null {
  return effective === null ? null : effective.notional;
}

/**
 * The account as it is whenever it is looked at: an agent sees its own share, which is all when the account is its own.
 */
class LiveGlance implements AccountGlance {
  readonly #run: DeskRun;
  readonly #agent: string;
  #positions: AccountGlance['positions'] = new Map();
  #version = -1;

  constructor(run: DeskRun, agent: string) {
    this.#run = run;
    this.#agent = agent;
  }

  get equityUsdt(): number {
    return this.#run.account.equityUsdt();
  }
  get positions(): AccountGlance['positions'] {
    const { account, clock, core, setup } = this.#run;
    if (this.#version === account.version) return this.#positions;
    this.#version = account.version;
    const positions = new Map<string, { readonly lots: number; readonly entryPrice: number }>();
    const isAlone = setup.agents.length === 1;
    for (const [i, symbol] of clock.market.symbols.entries()) {
      const lots = isAlone
        ? account.lots(i)
        : clock.grid.lots(i, ownE8Of(core.state.positions.get(symbol), this.#agent));
      if (lots !== 0) positions.set(symbol, { lots, entryPrice: account.entryPrice(i) });
    }
    this.#positions = positions;
    return positions;
  }
  get openOrders(): readonly OrderReport[] {
    const open: OrderReport[] = [];
    for (const orders of this.#run.core.state.orders.live.values())
      for (const order of orders)
        if (order.agent === this.#agent && !order.protective) open.push(describeOrder(order, this.#run.clock));
    return open;
  }
}

function describeOrder(order: OrderState, { grid, market }: MarketClock): OrderReport {
  const symbol = market.symbols.indexOf(order.symbol);
  return {
    clientOrderId: order.clientOrderId,
    symbol: order.symbol,
    side: order.side,
    lots: grid.lots(symbol, order.quantityE8),
    filledLots: grid.lots(symbol, order.executedE8),
    priceTicks: order.priceE8 === null ? null : grid.ticks(symbol, order.priceE8),
    reduceOnly: order.reduceOnly,
    isOpen: !isTerminal(order),
  };
}
