import {
  applyTradeFill,
  type OpenTrade,
  recordOfOpenTrade,
  type TradeFill,
  type TradeRecord,
} from '../../core/features/round-trips.ts';
import { computeTraderRisk } from '../../core/features/trader-state.ts';
import type { TraderStateSection } from '../../core/policy.ts';

/** Kept beyond any policy's window: the newest trades of an agent. */
const KEEP = 1000;

/** Round trips of every agent, folded from the fills of its own orders; p_t is computed on fills, not per decision. */
export class TradeBook {
  readonly #closed = new Map<string, TradeRecord[]>();
  readonly #open = new Map<string, Map<string, OpenTrade>>();
  readonly #risk = new Map<
    string,
    { readonly atMs: number; readonly version: number; readonly p: number; readonly section: TraderStateSection }
  >();
  readonly #versions = new Map<string, number>();

  addFill(agent: string, fill: TradeFill): void {
    const open = this.#open.get(agent) ?? new Map<string, OpenTrade>();
    this.#open.set(agent, open);
    const step = applyTradeFill(open.get(fill.symbol) ?? null, fill);
    if (step.open === null) open.delete(fill.symbol);
    else open.set(fill.symbol, step.open);
    if (step.closed !== null) {
      const closed = this.#closed.get(agent) ?? [];
      closed.push(step.closed);
      if (closed.length > KEEP) closed.splice(0, closed.length - KEEP);
      this.#closed.set(agent, closed);
    }
    this.#versions.set(agent, (this.#versions.get(agent) ?? 0) + 1);
  }

  /** p_t: computed anew when the agent has traded, and once a minute as trades age out. */
  risk(agent: string, nowMs: number, section: TraderStateSection): number {
    const version = this.#versions.get(agent);
    if (version === undefined) return section.base_rate;
    const minute = Math.floor(nowMs / 60_000);
    const known = this.#risk.get(agent);
    if (known !== undefined && known.version === version && known.atMs === minute && known.section === section)
      return known.p;
    const open = [...(this.#open.get(agent)?.values() ?? [])].map(recordOfOpenTrade);
    // Aged by whole minutes, so that the figure does not depend on when it was asked for.
    const p = computeTraderRisk([...(this.#closed.get(agent) ?? []), ...open], minute * 60_000, section).p_risk;
    this.#risk.set(agent, { atMs: minute, version, p, section });
    return p;
  }
}
