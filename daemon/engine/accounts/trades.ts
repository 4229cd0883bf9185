import {
  applyTradeFill,
  type OpenTrade,
  recordOfOpenTrade,
  type TradeFill,
  type TradeRecord,
} from '../../core/features/round-trips.ts';
import { computeTraderRisk } from '../../core/features/trader-state.ts';
import type { TraderStateSection } from '../../core/policy.ts';
import { heldIn } from '../kept/collections.ts';

/** Kept beyond any policy's window: the newest trades of an agent. */
const KEEP = 1000;

/**
 * Round trips of every agent, folded from the fills of its own orders and from what exits of others took of its share; p_t
 * is computed on fills, not per decision.
 */
export class TradeBook {
  private readonly closed = new Map<string, TradeRecord[]>();
  private readonly open = new Map<string, Map<string, OpenTrade>>();
  readonly #risk = new Map<
    string,
    {
      /** Whole minutes within which the same trades count. */
      readonly fromMs: number;
      readonly untilMs: number;
      readonly version: number;
      readonly p: number;
      readonly section: TraderStateSection;
    }
  >();
  private readonly versions = new Map<string, number>();

  addFill(agent: string, fill: TradeFill): void {
    const open = heldIn(this.open, agent, () => new Map<string, OpenTrade>());
    const step = applyTradeFill(open.get(fill.symbol) ?? null, fill);
    if (step.open === null) open.delete(fill.symbol);
    else open.set(fill.symbol, step.open);
    if (step.closed !== null) {
      const closed = heldIn(this.closed, agent, () => []);
      closed.push(step.closed);
      if (closed.length > KEEP) closed.shift();
    }
    this.versions.set(agent, (this.versions.get(agent) ?? 0) + 1);
  }

  /**
   * An exit closed lots of the agent's share: its own, a stop, a cut, an operator's. RISK: else who leaves its losses to a
   * stop never lost anything, and what it opens next would close what is long gone. An exit opens nothing.
   */
  close(agent: string, fill: TradeFill): void {
    const open = this.open.get(agent)?.get(fill.symbol);
    if (open === undefined || (open.side === 'long') === (fill.side === 'buy')) return;
    const { lots } = open;
    this.addFill(agent, lots >= fill.lots ? fill : { ...fill, lots, fee_usdt: (fill.fee_usdt * lots) / fill.lots });
  }

  /**
   * p_t: computed again when the agent has traded, and when one of its trades has aged out. Aged by whole minutes, so
   * that the figure does not depend on when it was requested.
   */
  risk(agent: string, nowMs: number, section: TraderStateSection): number {
    const version = this.versions.get(agent);
    if (version === undefined) return section.base_rate;
    const atMs = Math.floor(nowMs / 60_000) * 60_000;
    const known = this.#risk.get(agent);
    const isKnown = known !== undefined && known.version === version && known.section === section;
    if (isKnown && atMs >= known.fromMs && atMs < known.untilMs) return known.p;
    const oldestMs = atMs - section.max_age_ms;
    const counted = (this.closed.get(agent) ?? []).filter((trade) => closingOf(trade) > oldestMs);
    let untilMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < counted.length; i += 1)
      untilMs = Math.min(untilMs, closingOf(counted[i]!) + section.max_age_ms);
    for (const open of this.open.get(agent)?.values() ?? []) counted.push(recordOfOpenTrade(open));
    const p = computeTraderRisk(counted, atMs, section).p_risk;
    this.#risk.set(agent, { fromMs: atMs, untilMs, version, p, section });
    return p;
  }
}

function closingOf(trade: TradeRecord): number {
  return trade.closed_at_ms ?? Number.POSITIVE_INFINITY;
}
