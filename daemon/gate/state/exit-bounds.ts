import { type HeldChange, heldOn, isGivenBack, provenOn } from './held-lots.ts';
import { keeps } from './keep.ts';
import { isResting, isTerminal, type OrderState } from './orders.ts';
import type { PositionState } from './positions.ts';

/** What is known of its symbol when an exit is requested, or displaced. */
export interface Then {
  readonly atMs: number;
  readonly live: ReadonlySet<OrderState>;
  readonly position: PositionState | undefined;
}

/**
 * What an exit that rests may close, together with all that its agent requested no later: what was held when it was
 * asked for. What was opened since is a younger request's to close.
 */
export interface ExitBound {
  readonly agent: string;
  readonly symbol: string;
  readonly side: OrderState['side'];
  /** With whose lots it would take profit: its agent's share, or, where there is none, the position (null). */
  readonly whose: string | null;
  /** When it was requested, or amended last, ms of event time. */
  askedAtMs: number;
  /** Lots held then that have not been closed since. */
  roomLots: number;
  /** Those of them that only a reading showed. */
  disputedLots: number;
  /** Its agent's openings of before that may still fill: what they fill is its to close, too. */
  readonly openings: ReadonlySet<OrderState>;
}

/** By decision, from the request on until nothing of it rests or is to rest; folded from events alone. */
export class ExitBounds {
  #byDecision = new Map<string, ExitBound>();
  /** Of amends that are not proven yet. */
  #renewed = new Map<string, ExitBound>();

  static {
    keeps(
      ExitBounds,
      (view) => ({ byDecision: view.#byDecision, renewed: view.#renewed }),
      (kept) => {
        const made = new ExitBounds();
        made.#byDecision = kept.byDecision;
        made.#renewed = kept.renewed;
        return made;
      },
    );
  }

  get size(): number {
    return this.#byDecision.size;
  }
  get all(): Iterable<ExitBound> {
    return this.#byDecision.values();
  }
  find(decisionId: string | null): ExitBound | null {
    return this.#byDecision.get(decisionId ?? '') ?? null;
  }

  /** It is requested. */
  ask(decisionId: string, agent: string, order: OrderState, then: Then): ExitBound {
    const bound = buildBound(agent, order, then);
    this.#byDecision.set(decisionId, bound);
    return bound;
  }
  /** An amend of it is decided, which is to ask again, for what is held now; it holds once the amend is proven. */
  renew(decisionId: string, agent: string, order: OrderState, then: Then): void {
    if (this.#byDecision.has(decisionId)) this.#renewed.set(decisionId, buildBound(agent, order, then));
  }
  /** What became of an amend. */
  settle(decisionId: string, isAmended: boolean): void {
    const renewed = this.#renewed.get(decisionId);
    this.#renewed.delete(decisionId);
    if (isAmended && renewed !== undefined) this.#byDecision.set(decisionId, renewed);
  }
  isRenewed(decisionId: string): boolean {
    return this.#renewed.has(decisionId);
  }
  forget(decisionId: string): void {
    this.#byDecision.delete(decisionId);
    this.#renewed.delete(decisionId);
  }
  *#each(): Generator<ExitBound> {
    yield* this.#byDecision.values();
    yield* this.#renewed.values();
  }

  /** What is held has been proven to be another. */
  follow(symbol: string, changes: readonly HeldChange[], fill: OrderState | null): void {
    for (const bound of this.#each()) {
      if (bound.symbol !== symbol) continue;
      const change = changes.find(({ agent, side }) => side === bound.side && agent === bound.whose);
      if (change === undefined) continue;
      const grown = change.after - change.before;
      if (grown < 0) bound.roomLots += grown;
      else if (fill === null || bound.openings.has(fill) || isGivenBack(change, fill))
        takeGrowth(bound, grown, fill !== null);
    }
  }

  /** A reading agrees with what is proven, and no order is unproven: nothing is held beyond that. */
  agree(symbol: string, position: PositionState): void {
    for (const bound of this.#each()) {
      if (bound.symbol !== symbol) continue;
      const proven = Math.max(0, provenOn(position, bound.side, bound.whose));
      bound.roomLots = Math.min(bound.roomLots - bound.disputedLots, proven);
      bound.disputedLots = 0;
    }
  }

  /** The clock was set back. */
  setBack(nowMs: number): void {
    for (const bound of this.#each()) bound.askedAtMs = Math.min(bound.askedAtMs, nowMs);
  }

  /** The unit of quantities has changed. */
  rescale(symbol: string, toNew: (lots: number) => number): void {
    for (const bound of this.#each()) {
      if (bound.symbol !== symbol) continue;
      bound.roomLots = toNew(bound.roomLots);
      bound.disputedLots = toNew(bound.disputedLots);
    }
  }
}

/** More is held: it proves what was counted already; only what an earlier opening adds beyond that is more. */
function takeGrowth(bound: ExitBound, grown: number, isFilled: boolean): void {
  const counted = Math.min(grown, bound.disputedLots);
  bound.disputedLots -= counted;
  if (isFilled) bound.roomLots += grown - counted;
}

function buildBound(agent: string, { side, symbol }: OrderState, { atMs, live, position }: Then): ExitBound {
  const openings = new Set([...live].filter((one) => !one.reduceOnly && one.side !== side && one.agent === agent));
  const whose = heldOn(position, side, agent) > 0 || openings.size > 0 ? agent : null;
  const roomLots = heldOn(position, side, whose);
  const disputedLots = Math.max(0, roomLots - Math.max(0, provenOn(position, side, whose)));
  return { agent, symbol, side, whose, askedAtMs: atMs, roomLots, disputedLots, openings };
}

/** What was sent before it was requested may have opened: what only rests has not, and may do so for hours. */
export function mayOpenStill({ openings }: ExitBound): boolean {
  for (const order of openings) if (!isTerminal(order.status) && !isResting(order)) return true;
  return false;
}
