import type { Side } from '../../core/request.ts';
import { ByName } from '../kept/restore.ts';
import { RollingSum, TokenWindow } from '../kept/rolling-windows.ts';
import type { DecisionEvent, StateEvent } from '../records/events.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Pace of the account or of one agent: order tokens, turnover and fees of the last 24 hours. */
export class Pace {
  readonly sends = new TokenWindow();
  readonly exits = new TokenWindow();
  readonly turnover = new RollingSum(DAY_MS, MINUTE_MS);
  readonly fees = new RollingSum(DAY_MS, MINUTE_MS);
}

/** A read-only pace. */
export interface PaceReading {
  readonly sends: Pick<TokenWindow, 'count'>;
  readonly exits: Pick<TokenWindow, 'count'>;
  readonly turnover: Pick<RollingSum, 'sum'>;
  readonly fees: Pick<RollingSum, 'sum'>;
}

export interface SymbolPace {
  /** `t` of the last permitted opening parent, from which the cooldown counts. */
  lastOpenParentAtMs: number | null;
  lastOpenFillAtMs: number | null;
  lastOpenFillSide: Side | null;
}

const NO_PACE: PaceReading = new Pace();
const NO_SYMBOL_PACE: Readonly<SymbolPace> = Object.freeze({
  lastOpenParentAtMs: null,
  lastOpenFillAtMs: null,
  lastOpenFillSide: null,
});

/** Executed parents of one (agent, symbol, side, quantity), for the repeated-execution breaker. */
interface Execution {
  readonly key: string;
  readonly tMs: number;
}
export interface BreakerState {
  trips: number;
  /** By `t`. */
  untilMs: number;
}

/** An opening of which something has filled. */
export interface ExecutedParent {
  readonly agent: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantityE8: number;
}

export class Pacing {
  readonly account = new Pace();
  private readonly agents = new ByName(() => new Pace());
  private readonly symbols = new Map<string, SymbolPace>();
  private readonly executions: Execution[] = [];
  private readonly countedParents = new Set<string>();
  readonly breakers = new Map<string, BreakerState>();

  /** The breaker of an agent opens, or is cleared. */
  noteBreaker({ clears_at_ms, layer, name, scope, state }: StateEvent, atMs: number, tMs: number): void {
    if (layer !== 'breaker' || scope !== 'agent' || name === null) return;
    const { trips, untilMs: knownUntilMs } = this.breakers.get(name) ?? { trips: 0, untilMs: Number.NEGATIVE_INFINITY };
    // An operator cleared it: what was counted before no longer counts.
    const endsMs = clears_at_ms === null ? Number.MAX_SAFE_INTEGER : tMs + clears_at_ms - atMs;
    const untilMs = state === 'active' ? tMs : endsMs;
    // One that ends sooner than it would have is being cleared by an operator, on live after a delay: it is no trip.
    const isTrip = state !== 'active' && untilMs >= knownUntilMs;
    this.breakers.set(name, { trips: isTrip ? trips + 1 : trips, untilMs });
  }

  agent(name: string): Pace {
    return this.agents.of(name);
  }

  /** For reads: a query about a symbol or agent leaves nothing behind. */
  readAgent(name: string): PaceReading {
    return this.agents.find(name) ?? NO_PACE;
  }
  readSymbol(name: string): Readonly<SymbolPace> {
    return this.symbols.get(name) ?? NO_SYMBOL_PACE;
  }

  symbol(name: string): SymbolPace {
    const known = this.symbols.get(name);
    if (known !== undefined) return known;
    const pace: SymbolPace = { lastOpenParentAtMs: null, lastOpenFillAtMs: null, lastOpenFillSide: null };
    this.symbols.set(name, pace);
    return pace;
  }

  /** Counts a parent once, at its first fill. */
  noteExecution(decisionId: string, parent: ExecutedParent, tMs: number): void {
    if (this.countedParents.has(decisionId)) return;
    this.countedParents.add(decisionId);
    this.executions.push({ key: keyOf(parent), tMs });
    if (this.executions.length > 10_000) this.executions.splice(0, 5_000);
    if (this.countedParents.size > 20_000) {
      let drop = 10_000;
      for (const id of this.countedParents) {
        if (drop <= 0) break;
        this.countedParents.delete(id);
        drop -= 1;
      }
    }
  }

  /** Executed parents equal to this one in (now - window, now]. */
  countExecutions(parent: ExecutedParent, nowMs: number, windowMs: number, sinceMs: number): number {
    const key = keyOf(parent);
    let count = 0;
    for (let i = this.executions.length - 1; i >= 0; i -= 1) {
      const execution = this.executions[i]!;
      if (execution.tMs <= nowMs - windowMs || execution.tMs < sinceMs) break;
      if (execution.key === key) count += 1;
    }
    return count;
  }
}

function keyOf({ agent, quantityE8, side, symbol }: ExecutedParent): string {
  return `${agent}\u0000${symbol}\u0000${side}\u0000${quantityE8}`;
}

/** Beyond the longest heartbeat of a policy (a day): an agent that is not known any more is silent. */
const KEEP_MS = 2 * 86_400_000;
/** What an agent asked for itself; the others follow from time and market. */
const CALLS: ReadonlySet<string> = new Set(['tool', 'dry_run', 'intercept']);

/** When, by `t`, each agent last made a call that is on record: its decisions, and `agent_seen` for calls that record nothing. */
export class SignsOfLife {
  /** By agent; each is set in place. */
  private readonly seenAt = new Map<string, number>();
  /** No agent was last seen before this instant. */
  #noneBeforeMs = Number.NEGATIVE_INFINITY;

  noteDecision({ request, decision }: DecisionEvent, tMs: number): void {
    if (request.origin === 'agent' && CALLS.has(decision.kind)) this.note(request.agent, tMs);
  }

  note(agent: string, tMs: number): void {
    this.seenAt.set(agent, tMs);
    this.#noneBeforeMs = Math.min(this.#noneBeforeMs, tMs);
    if (tMs - this.#noneBeforeMs > KEEP_MS) this.#forgetSilent(tMs);
  }
  #forgetSilent(nowMs: number): void {
    this.#noneBeforeMs = nowMs;
    for (const [agent, seenAtMs] of this.seenAt) {
      if (nowMs - seenAtMs > KEEP_MS) this.seenAt.delete(agent);
      else this.#noneBeforeMs = Math.min(this.#noneBeforeMs, seenAtMs);
    }
  }

  /** Null: not within two days before the newest sign of any agent. */
  lastMs(agent: string): number | null {
    return this.seenAt.get(agent) ?? null;
  }
}
