import {
  askRoom,
  type HeldChange,
  type HeldFill,
  heldOn,
  isGivenBack,
  isReadInto,
  moveRoom,
  provenOn,
  type Room,
  readingOn,
  settleRoom,
} from './held-lots.ts';
import { keeps } from './keep.ts';
import { isResting, isTerminal, type OrderState } from './orders.ts';
import type { PositionState } from './positions.ts';
import type { Redate } from './redate.ts';

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
export interface ExitBound extends Room {
  readonly agent: string;
  readonly symbol: string;
  readonly side: OrderState['side'];
  /** With whose lots it would take profit: its agent's share, or, where there is none, the position (null). */
  readonly whose: string | null;
  /** When it was requested, or amended last, ms of event time. */
  askedAtMs: number;
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
  /** One of them may still ask about an order. */
  isMentioned(order: OrderState): boolean {
    for (const bounds of [this.#byDecision, this.#renewed])
      for (const { openings } of bounds.values()) if (openings.has(order)) return true;
    return false;
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
  follow(symbol: string, changes: readonly HeldChange[], fill: HeldFill | null): void {
    for (const bound of this.#each()) {
      if (bound.symbol !== symbol) continue;
      const change = changes.find(({ agent, side }) => side === bound.side && agent === bound.whose);
      if (change === undefined) continue;
      const grown = change.after - change.before;
      if (fill === null) adopt(bound, grown);
      else if (grown <= 0 || isOfBefore(bound, fill) || isGivenBack(change, fill.order))
        moveRoom(bound, grown, isReadInto(bound, grown, fill.atMs));
    }
  }

  /** A reading agrees with what is proven, and no order is unproven: nothing is held beyond that. */
  agree(symbol: string, position: PositionState): void {
    for (const bound of this.#each()) {
      if (bound.symbol !== symbol) continue;
      settleRoom(bound);
      bound.roomLots = Math.min(bound.roomLots, Math.max(0, provenOn(position, bound.side, bound.whose)));
    }
  }

  /** The clock was moved. */
  redate(redate: Redate): void {
    for (const bound of this.#each()) {
      bound.askedAtMs = redate(bound.askedAtMs);
      if (bound.readAtMs !== null) bound.readAtMs = redate(bound.readAtMs);
    }
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

/** A reading is believed: it proves what an earlier one showed. */
function adopt(bound: ExitBound, grown: number): void {
  const lots = Math.min(grown, Math.max(0, bound.disputedLots));
  moveRoom(bound, lots, lots > 0);
}

/** Held when it was asked for, or its agent's and sent before. */
function isOfBefore(bound: ExitBound, { order, atMs }: HeldFill): boolean {
  if (bound.openings.has(order)) return true;
  return order.plannedAtMs < bound.askedAtMs && atMs <= Math.max(bound.askedAtMs, bound.readAtMs ?? 0);
}

function buildBound(agent: string, { side, symbol }: OrderState, { atMs, live, position }: Then): ExitBound {
  const openings = new Set([...live].filter((one) => !one.reduceOnly && one.side !== side && one.agent === agent));
  const whose = heldOn(position, side, agent) > 0 || openings.size > 0 ? agent : null;
  const reading = whose === null ? readingOn(position, side) : null;
  const room = askRoom(heldOn(position, side, whose), provenOn(position, side, whose), reading);
  return { agent, symbol, side, whose, askedAtMs: atMs, ...room, openings };
}

/** What was sent before it was requested may have opened: what only rests has not, and may do so for hours. */
export function mayOpenStill({ openings }: ExitBound): boolean {
  for (const order of openings) if (!isTerminal(order.status) && !isResting(order)) return true;
  return false;
}
