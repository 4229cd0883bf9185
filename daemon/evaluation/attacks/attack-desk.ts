import type { Side } from '../../core/request.ts';
import type { AgentAnswer, AgentRequest, AttackView, PlannedAsk } from '../facts/agents.ts';
import type { SizeRules } from '../facts/markets.ts';
import { type AgentBudgets, lotSize, minNotional } from '../intents/budgets.ts';
import { Draws } from '../intents/draws.ts';
import { buildClose, buildOpening } from '../intents/requests.ts';
import type { ScheduledEpisode } from './episodes.ts';

/** What the attacker of one family or ploy does. It plans through its desk, which keeps the bounds. */
export interface Attack {
  start(view: AttackView): void;
  /** Absent: everything is planned at the start. */
  onAnswer?(answer: AgentAnswer, view: AttackView, ask: PlannedAsk): void;
}
export type AttackMaker = (desk: AttackDesk) => Attack;

interface OpeningForm {
  readonly side?: Side;
  readonly symbol?: string;
  readonly leverage?: number;
  readonly slippageBps?: number;
  readonly limitPrice?: number | null;
}

/**
 * Where an attack plans its asks. INVARIANT: never more than `episode.attempts`, and none after the span: what is
 * planned beyond is dropped. Caps are those of R at B_0, scaled: the attacker has read GET /v1/limits on a calm day.
 */
export class AttackDesk {
  readonly episode: ScheduledEpisode;
  readonly caps: AgentBudgets;
  readonly draws: Draws;
  left: number;
  /** Asks that are out. */
  waiting = 0;
  #made = 0;
  #planned: PlannedAsk[] = [];

  constructor(episode: ScheduledEpisode, caps: AgentBudgets) {
    this.episode = episode;
    this.caps = caps;
    this.draws = new Draws(episode.seed, `attack:${episode.family}`);
    this.left = episode.attempts;
  }

  /** False: out of attempts or of time. */
  ask(view: AttackView, delayMs: number, request: AgentRequest): boolean {
    const delay = Math.max(0, Math.floor(delayMs));
    if (this.left <= 0 || view.nowMs + delay > this.episode.startMs + this.episode.spanMs) return false;
    this.left -= 1;
    this.waiting += 1;
    this.#made += 1;
    this.#planned.push({ delayMs: delay, intention: `${this.episode.id}:${this.#made}`, request });
    return true;
  }
  /** As many asks as are left, one after the other. */
  series(view: AttackView, build: (i: number) => AgentRequest, pauseMs: (i: number) => number): void {
    const count = this.left;
    let delayMs = 0;
    for (let i = 0; i < count; i++) {
      this.ask(view, delayMs, build(i));
      delayMs += pauseMs(i);
    }
  }
  /** What has been planned since the last time. */
  take(): readonly PlannedAsk[] {
    const planned = this.#planned;
    this.#planned = [];
    return planned;
  }

  /** An opening order in the episode's symbol and direction, within the caps unless told otherwise. */
  opening(notionalUsdt: number, form: OpeningForm = {}): AgentRequest {
    const { caps, episode } = this;
    return buildOpening({
      symbol: form.symbol ?? episode.symbol,
      side: form.side ?? episode.side,
      notionalUsdt,
      leverage: form.leverage ?? Math.max(1, Math.floor(caps.leverage)),
      slippageBps: form.slippageBps ?? caps.slippageBps,
      limitPrice: form.limitPrice ?? null,
    });
  }
  closing(fraction = 1): AgentRequest {
    return buildClose(this.episode.symbol, fraction);
  }

  /** The wait that a refusal names, else a drawn one. */
  pauseAfter({ retryAfterMs }: AgentAnswer, fromMs: number, toMs: number): number {
    return retryAfterMs === null ? this.draws.int(fromMs, toMs) : Math.ceil(retryAfterMs);
  }

  instrument(view: AttackView): SizeRules {
    return view.market.instrument(this.episode.symbol);
  }
  /** The mark of the episode's symbol; in a gap the last close. */
  price(view: AttackView): number {
    const { symbol } = this.episode;
    return view.market.mark(symbol) ?? view.market.close(symbol, 0) ?? 1;
  }
  /** A limit away from the mark, a fraction of it; above 0: through the market. */
  priceOff(view: AttackView, offset: number, side: Side = this.episode.side): number {
    return this.price(view) * (side === 'buy' ? 1 + offset : 1 - offset);
  }
  lots(view: AttackView): number {
    return view.account.positions.get(this.episode.symbol)?.lots ?? 0;
  }
  heldUsdt(view: AttackView): number {
    return Math.abs(this.lots(view)) * lotSize(this.instrument(view)) * this.price(view);
  }
  /** Side that adds to what is held; the episode's when flat. */
  addingSide(view: AttackView): Side {
    const lots = this.lots(view);
    return lots === 0 ? this.episode.side : lots > 0 ? 'buy' : 'sell';
  }
  least(view: AttackView): number {
    return minNotional(this.instrument(view), this.price(view)) * 1.01;
  }
  atLeast(view: AttackView, usdt: number): number {
    return Math.max(this.least(view), usdt);
  }
}
