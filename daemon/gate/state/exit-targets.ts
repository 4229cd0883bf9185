import type { Origin, Side } from '../../core/request.ts';
import type { ExitCause, ExitEnd, ExitTargetEvent } from '../events.ts';
import { KEEP_ENDED_MS } from './ended-orders.ts';
import { remainingLots } from './exposure.ts';
import { type HeldChange, isGivenBack } from './held-lots.ts';
import { keeps } from './keep.ts';
import { isTerminal, type OrderState } from './orders.ts';

/** How much one order should close for one target, and how much it has. */
export interface Allotment {
  readonly order: OrderState;
  lots: number;
  filledLots: number;
}

/**
 * What a permitted exit should close. Targets of one key add up: their lots are sent together, one order at a time, and
 * fills are credited to the oldest first. INVARIANT: the lots credited to an order's targets are its executed lots.
 */
export interface ExitTarget {
  readonly decisionId: string;
  /** Seq of the record that opened it. */
  readonly seq: number;
  /** The caller; of an operator's and the gate's, whoever asked. */
  readonly agent: string;
  readonly origin: Origin;
  readonly cause: ExitCause;
  readonly symbol: string;
  readonly side: Side;
  /** Targets with the same key may share an order: same share, symbol, side and price bound. */
  readonly key: string;
  /** own: limited by an agent's share; account: by the position. */
  readonly scope: 'own' | 'account';
  /** It closes everything that its caller may close, including what earlier openings still fill. */
  readonly isWhole: boolean;
  /** An operator's or the gate's exit of the whole position: `reduceOnly` limits it while nothing opens after it. */
  readonly isOfAll: boolean;
  readonly openedAtMs: number;
  /** The order that its decision planned: sent at once, or waiting. */
  readonly first: OrderState;
  /** Earlier openings that may still fill: a full exit closes what they fill too. Null: there are none. */
  openings: Set<OrderState> | null;
  /** Openings decided after it, if it is a full exit; null: there are none. */
  younger: Set<OrderState> | null;
  /** Lots appeared that none of our orders opened. */
  hasGrown: boolean;
  allotments: Allotment[];
  askedLots: number;
  /** Lots still to close, including those in flight. */
  leftLots: number;
  /**
   * Lots held when it was opened and not closed since. It does not close what was opened later. Negative: more was
   * closed than was known to be held, which comes off what earlier openings turn out to have filled.
   */
  roomLots: number;
  /** Those of them that only a reading showed, unproven. An earlier opening that proves them adds no more. */
  disputedLots: number;
  filledLots: number;
  /** The last rung that was decided for it; -1: none. */
  rung: number;
  end: { readonly reason: ExitEnd; readonly detail: string; readonly atMs: number } | null;
}

interface At {
  readonly seq: number;
  readonly atMs: number;
}

/** Targets of exits, folded from events alone, so that a restart continues them. */
export class ExitTargets {
  #all = new Map<string, ExitTarget>();
  /** In the order of their decisions. */
  #open = new Set<ExitTarget>();
  #byOrder = new Map<OrderState, readonly { readonly target: ExitTarget; readonly part: Allotment }[]>();
  #ended: ExitTarget[] = [];

  static {
    keeps(
      ExitTargets,
      (view) => ({ all: view.#all, open: view.#open, byOrder: view.#byOrder, ended: view.#ended }),
      (kept) => {
        const made = new ExitTargets();
        made.#all = kept.all;
        made.#open = kept.open;
        made.#byOrder = kept.byOrder;
        made.#ended = kept.ended;
        return made;
      },
    );
  }

  find(decisionId: string): ExitTarget | null {
    return this.#all.get(decisionId) ?? null;
  }
  /** Oldest first. */
  get open(): ReadonlySet<ExitTarget> {
    return this.#open;
  }
  /**
   * When the gate's last exit of a symbol, or one of its orders, ended or last changed; and the same for one that
   * closed something.
   */
  lastGateExit(symbol: string): { readonly endedAtMs: number; readonly filledAtMs: number } {
    let endedAtMs = Number.NEGATIVE_INFINITY;
    let filledAtMs = Number.NEGATIVE_INFINITY;
    for (const { allotments, end, filledLots, origin, symbol: where } of this.#all.values()) {
      if (origin !== 'gate' || where !== symbol) continue;
      const atMs = Math.max(end?.atMs ?? endedAtMs, ...allotments.map(({ order }) => order.updatedAtMs));
      endedAtMs = Math.max(endedAtMs, atMs);
      if (filledLots > 0) filledAtMs = Math.max(filledAtMs, atMs);
    }
    return { endedAtMs, filledAtMs };
  }
  setBack(nowMs: number): void {
    for (const target of this.#all.values()) {
      const opened: { openedAtMs: number } = target;
      opened.openedAtMs = Math.min(opened.openedAtMs, nowMs);
      if (target.end !== null) target.end = { ...target.end, atMs: Math.min(target.end.atMs, nowMs) };
    }
  }
  /** Whether an order works for a target, even an ended one. */
  isServing(order: OrderState): boolean {
    return this.#byOrder.has(order);
  }
  targetsOf(order: OrderState): readonly ExitTarget[] {
    return (this.#byOrder.get(order) ?? []).map(({ target }) => target);
  }

  apply(event: ExitTargetEvent, order: OrderState | undefined, held: HeldThen, at: At): void {
    if (event.action === 'opened') {
      if (order !== undefined) this.#begin(event, order, held, at);
      return;
    }
    const target = this.#all.get(event.decision_id);
    if (target === undefined || target.end !== null) return;
    // Orders of other decisions may have closed lots of it that are not folded here.
    target.filledLots = Math.max(target.filledLots, event.filled_lots);
    target.end = { reason: event.reason, detail: event.detail, atMs: at.atMs };
    // It stays for days, without room for more.
    target.allotments = target.allotments.slice();
    this.#open.delete(target);
    this.#ended.push(target);
  }

  #begin(event: ExitTargetEvent & { readonly action: 'opened' }, first: OrderState, held: HeldThen, at: At): void {
    const roomLots = Math.max(event.lots, held.closable);
    const target: ExitTarget = {
      decisionId: event.decision_id,
      seq: at.seq,
      agent: event.agent,
      origin: event.origin,
      cause: event.cause,
      symbol: event.symbol,
      side: event.side,
      key: event.key,
      scope: event.scope,
      isWhole: event.is_whole,
      isOfAll: event.is_whole && (event.origin === 'operator' || isGatesOfAll(event, held)),
      openedAtMs: at.atMs,
      first,
      openings: held.openings.length === 0 ? null : new Set(held.openings),
      younger: null,
      hasGrown: false,
      allotments: [],
      askedLots: event.lots,
      leftLots: event.lots,
      roomLots,
      disputedLots: Math.max(0, roomLots - Math.max(0, held.proven)),
      filledLots: 0,
      rung: -1,
      end: null,
    };
    this.#all.set(target.decisionId, target);
    this.#open.add(target);
    if (first.status !== 'pending_send') this.#assign(first, [target], 0);
  }

  /** An opening order was decided or seen. */
  noteOpening(order: OrderState): void {
    for (const target of this.#open)
      if (target.isOfAll && target.symbol === order.symbol && target.side !== order.side) addYounger(target, order);
  }

  /** A list shows an opening order working that counted as ended: it may still fill lots to close. */
  noteRevived(order: OrderState): void {
    for (const target of this.#open) {
      if (target.symbol !== order.symbol || target.side === order.side) continue;
      const isMine = target.origin !== 'agent' || target.agent === order.agent;
      if (order.plannedAtMs <= target.openedAtMs && isMine) addOpening(target, order);
      else if (target.isOfAll) addYounger(target, order);
    }
  }

  /** A later order of an exit: its lots are allotted to its parent and then to the younger targets of that key. */
  allot(order: OrderState, parentId: string, rung: number): void {
    const parent = this.#all.get(parentId);
    if (parent === undefined) return;
    // A resting order is its caller's own and carries nobody else's lots.
    const sharing = [...this.#open].filter((target) => target.key === parent.key && target.seq >= parent.seq);
    this.#assign(order, parent.end === null ? sharing : [parent], rung);
  }

  #assign(order: OrderState, targets: readonly ExitTarget[], rung: number): void {
    const parts: { target: ExitTarget; part: Allotment }[] = [];
    let left = order.lots;
    for (const target of targets) {
      const lots = Math.min(left, unsentLots(target));
      if (lots <= 0) continue;
      left -= lots;
      parts.push({ target, part: { order, lots, filledLots: 0 } });
    }
    const [oldest] = targets;
    if (parts.length === 0 && oldest !== undefined)
      parts.push({ target: oldest, part: { order, lots: 0, filledLots: 0 } });
    // A remainder below the minimum quantity is included.
    if (parts[0] !== undefined && left > 0) parts[0].part.lots += left;
    for (const { target, part } of parts) {
      target.allotments.push(part);
      target.rung = Math.max(target.rung, rung);
    }
    this.#byOrder.set(order, parts.slice());
  }

  /** Lots of an order were executed: they are credited to the oldest target first. */
  credit(order: OrderState, lots: number): void {
    const parts = this.#byOrder.get(order);
    if (parts === undefined) return;
    let left = lots;
    for (const { target, part } of parts) {
      const isLast = target === parts.at(-1)?.target;
      const taken = isLast ? left : Math.min(left, Math.max(0, part.lots - part.filledLots));
      left -= taken;
      part.filledLots += taken;
      target.filledLots += taken;
      target.leftLots = Math.max(0, target.leftLots - taken);
    }
  }

  /** Callers are proven to hold a different amount. `order`: the order that filled; null: a reading showed it. */
  follow(symbol: string, changes: readonly HeldChange[], order: OrderState | null): void {
    for (const target of this.#open) {
      if (target.symbol !== symbol) continue;
      const change = changes.find(
        ({ agent, side }) => side === target.side && agent === (isOfAgent(target) ? target.agent : null),
      );
      if (change === undefined) continue;
      const grown = change.after - change.before;
      if (grown <= 0) target.roomLots += grown;
      else if (order === null || target.openings?.has(order) === true || isGivenBack(change, order))
        takeGrowth(target, grown, order);
      bound(target, change.after);
    }
  }

  /**
   * A reading agrees with what is proven, and no order is unproven: disputed lots were not held. RISK: what is proven
   * by now may have been opened later, so it does not take their place.
   */
  settle(symbol: string, provenOf: (target: ExitTarget) => number): void {
    for (const target of this.#open) {
      if (target.symbol !== symbol || target.disputedLots === 0) continue;
      target.roomLots -= target.disputedLots;
      target.disputedLots = 0;
      bound(target, provenOf(target));
    }
  }

  /** The unit of quantities has changed. */
  rescale(symbol: string, toNew: (lots: number) => number): void {
    for (const target of this.#all.values()) {
      if (target.symbol !== symbol) continue;
      target.askedLots = toNew(target.askedLots);
      target.leftLots = toNew(target.leftLots);
      target.roomLots = toNew(target.roomLots);
      target.disputedLots = toNew(target.disputedLots);
      target.filledLots = toNew(target.filledLots);
      for (const part of target.allotments) {
        part.lots = toNew(part.lots);
        part.filledLots = toNew(part.filledLots);
      }
    }
  }

  /** Ended targets go when their orders do. */
  dropOld(nowMs: number): void {
    for (let oldest = this.#ended[0]; oldest?.end != null; oldest = this.#ended[0]) {
      if (oldest.end.atMs > nowMs - KEEP_ENDED_MS) return;
      this.#ended.shift();
      this.#all.delete(oldest.decisionId);
      for (const { order } of oldest.allotments) {
        // A merged order may still work for a younger target.
        const isUsed = this.targetsOf(order).some(({ decisionId }) => this.#all.has(decisionId));
        if (!isUsed) this.#byOrder.delete(order);
      }
    }
  }
}

function addOpening(target: ExitTarget, order: OrderState): void {
  target.openings ??= new Set();
  target.openings.add(order);
}
function addYounger(target: ExitTarget, order: OrderState): void {
  target.younger ??= new Set();
  target.younger.add(order);
}

/** Lots held when a target is opened, on the side that it closes. */
export interface HeldThen {
  readonly closable: number;
  /** Signed; without lots that only a reading shows. */
  readonly proven: number;
  readonly openings: readonly OrderState[];
}

/** More is held: lots counted before are proven by it; what an earlier opening adds is closed too. */
function takeGrowth(target: ExitTarget, grown: number, order: OrderState | null): void {
  const counted = Math.min(grown, target.disputedLots);
  target.disputedLots -= counted;
  const more = grown - counted;
  if (more === 0) return;
  if (order === null) target.hasGrown = true;
  else if (target.isWhole) {
    // It was sent before the exit was requested. A part of it may have been closed before it was known.
    const before = Math.max(0, target.roomLots);
    target.roomLots += more;
    const added = Math.max(0, target.roomLots) - before;
    target.leftLots += added;
    target.askedLots += added;
  }
}

function bound(target: ExitTarget, provenLots: number): void {
  target.roomLots = Math.min(target.roomLots, Math.max(0, provenLots) + target.disputedLots);
  target.leftLots = Math.min(target.leftLots, Math.max(0, target.roomLots));
}

/**
 * The gate closes what agents hold: `reduceOnly` keeps it from what is somebody else's only where nobody else holds.
 */
function isGatesOfAll(event: ExitTargetEvent & { readonly action: 'opened' }, held: HeldThen): boolean {
  return event.origin === 'gate' && event.lots >= held.closable;
}

/** Its share limits it; the gate's own exit comes out of what all agents hold. */
export function isOfAgent({ origin, scope }: Pick<ExitTarget, 'origin' | 'scope'>): boolean {
  return origin === 'agent' && scope === 'own';
}

/** The venue has not shown the order's outcome. */
export function isUnproven(order: OrderState): boolean {
  return order.status === 'unknown' || order.status === 'lost';
}

/**
 * Lots of a target that no order in flight may close. RISK: the lots of an order with unknown outcome count as
 * closed, or they would be closed twice. The exception is a full exit of an operator or of the gate while nothing was
 * opened after it: then `reduceOnly` alone limits it.
 */
export function unsentLots(target: ExitTarget): number {
  let onWay = 0;
  for (const { order, lots, filledLots } of target.allotments) {
    if (isTerminal(order.status)) continue;
    if (isUnproven(order) && mayGoOnUnproven(target)) continue;
    onWay += Math.max(0, Math.min(lots - filledLots, remainingLots(order)));
  }
  return Math.max(0, target.leftLots - onWay);
}
/** RISK: sent again, it would close what was opened since the first one closed all. */
function mayGoOnUnproven({ hasGrown, isOfAll, younger }: ExitTarget): boolean {
  if (!isOfAll || hasGrown) return false;
  for (const { executedLots, status } of younger ?? []) if (executedLots > 0 || !isTerminal(status)) return false;
  return true;
}

/** Orders of a target that may still fill. */
export function* liveOrdersOf(target: ExitTarget): Generator<OrderState> {
  for (const { order } of target.allotments) if (!isTerminal(order.status)) yield order;
}
