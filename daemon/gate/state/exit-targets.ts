import type { Origin, Side } from '../../core/request.ts';
import type { ExitCause, ExitEnd, ExitTargetEvent } from '../events.ts';
import { KEEP_ENDED_MS } from './ended-orders.ts';
import { remainingLots } from './exposure.ts';
import { isTerminal, type OrderState } from './orders.ts';
import { longLots, type PositionState, shortLots } from './positions.ts';

/** What one order is to close for one target, and what it has. */
export interface Allotment {
  readonly order: OrderState;
  lots: number;
  filledLots: number;
}

/**
 * What a permitted exit is to close. Targets of one key add: their lots go out together, one order at a time, and fills
 * are credited to the oldest first. INVARIANT: the lots credited to targets of an order are its executed lots.
 */
export interface ExitTarget {
  readonly decisionId: string;
  /** Of the record that opened it. */
  readonly seq: number;
  /** The caller; of an operator's and the gate's, whoever asked. */
  readonly agent: string;
  readonly origin: Origin;
  readonly cause: ExitCause;
  readonly symbol: string;
  readonly side: Side;
  /** Targets that may share an order: whose share, symbol, side and bound on the price are the same. */
  readonly key: string;
  /** own: an agent's share bounds it; account: the position does. */
  readonly scope: 'own' | 'account';
  /** It closes all that its caller may close: also what openings of before it still fill. */
  readonly isWhole: boolean;
  /** An operator's or the gate's, of the whole position: `reduceOnly` bounds it while nothing opens after it. */
  readonly isOfAll: boolean;
  readonly openedAtMs: number;
  /** The order that its decision planned: sent at once, or waiting unsent. */
  readonly first: OrderState;
  /** Openings of before it that may still fill. */
  readonly openings: Set<OrderState>;
  /** Openings that were decided after it, where it is of all. */
  readonly younger: Set<OrderState>;
  /** Lots were shown that no order of ours opened. */
  hasGrown: boolean;
  readonly allotments: Allotment[];
  askedLots: number;
  /** Lots that are still to be closed, those on their way included. */
  leftLots: number;
  /** Lots held when it was opened that have not been closed since: what was opened later is not its to close. */
  roomLots: number;
  filledLots: number;
  /** The last rung that was decided for it; -1: none. */
  rung: number;
  end: { readonly reason: ExitEnd; readonly detail: string; readonly atMs: number } | null;
}

interface At {
  readonly seq: number;
  readonly atMs: number;
}

/** Targets of exits, folded from events alone, so that a restart goes on with them. */
export class ExitTargets {
  readonly #all = new Map<string, ExitTarget>();
  /** In the order of their decisions. */
  readonly #open = new Set<ExitTarget>();
  readonly #byOrder = new Map<OrderState, readonly { readonly target: ExitTarget; readonly part: Allotment }[]>();
  readonly #ended: ExitTarget[] = [];

  find(decisionId: string): ExitTarget | null {
    return this.#all.get(decisionId) ?? null;
  }
  /** Oldest first. */
  get open(): ReadonlySet<ExitTarget> {
    return this.#open;
  }
  /** When the gate's last exit of a symbol, or an order of it, ended or last changed, and when one that closed something did. */
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
  /** Whether an order works for a target, also one that has ended. */
  isServing(order: OrderState): boolean {
    return this.#byOrder.has(order);
  }
  targetsOf(order: OrderState): readonly ExitTarget[] {
    return (this.#byOrder.get(order) ?? []).map(({ target }) => target);
  }

  apply(event: ExitTargetEvent, order: OrderState | undefined, held: HeldLots, at: At): void {
    if (event.action === 'opened') {
      if (order !== undefined) this.#begin(event, order, held, at);
      return;
    }
    const target = this.#all.get(event.decision_id);
    if (target === undefined || target.end !== null) return;
    // Orders that other decisions asked for may have closed lots of it that are not folded here.
    target.filledLots = Math.max(target.filledLots, event.filled_lots);
    target.end = { reason: event.reason, detail: event.detail, atMs: at.atMs };
    this.#open.delete(target);
    this.#ended.push(target);
  }

  #begin(event: ExitTargetEvent & { readonly action: 'opened' }, first: OrderState, held: HeldLots, at: At): void {
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
      openings: new Set(event.is_whole ? held.openings : []),
      younger: new Set(),
      hasGrown: false,
      allotments: [],
      askedLots: event.lots,
      leftLots: event.lots,
      roomLots: Math.max(event.lots, held.closable(event)),
      filledLots: 0,
      rung: -1,
      end: null,
    };
    this.#all.set(target.decisionId, target);
    this.#open.add(target);
    if (first.status !== 'pending_send') this.#assign(first, [target], 0);
  }

  /** An order has been decided, or was seen, that opens. */
  noteOpening(order: OrderState): void {
    for (const target of this.#open)
      if (target.isOfAll && target.symbol === order.symbol && target.side !== order.side) target.younger.add(order);
  }

  /** A later order of an exit: what it carries is allotted to its parent and the younger targets of that key, in turn. */
  allot(order: OrderState, parentId: string, rung: number): void {
    const parent = this.#all.get(parentId);
    if (parent === undefined) return;
    const sharing = [...this.#open].filter((target) => target.key === parent.key && target.seq >= parent.seq);
    this.#assign(order, sharing.length === 0 ? [parent] : sharing, rung);
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
    // A rest below the least quantity is taken along.
    if (parts[0] !== undefined && left > 0) parts[0].part.lots += left;
    for (const { target, part } of parts) {
      target.allotments.push(part);
      target.rung = Math.max(target.rung, rung);
    }
    this.#byOrder.set(order, parts);
  }

  /** Lots of an order were executed: they are the oldest target's first. */
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

  /**
   * What a caller holds has changed: `before` and `after` are lots of that agent (null: of the position) on the side that
   * `side` closes. `order`: whose fill it was.
   */
  follow(symbol: string, changes: readonly HeldChange[], order: OrderState | null): void {
    for (const target of this.#open) {
      if (target.symbol !== symbol) continue;
      const change = changes.find(
        ({ agent, side }) => side === target.side && agent === (isOfAgent(target) ? target.agent : null),
      );
      if (change === undefined || change.before === change.after) continue;
      const closed = change.before - change.after;
      if (closed > 0) target.roomLots = Math.max(0, target.roomLots - closed);
      else if (order !== null && target.openings.has(order)) {
        // It was sent before the exit was asked for: what it fills is closed, too.
        target.roomLots -= closed;
        target.leftLots -= closed;
        target.askedLots -= closed;
      } else if (order === null) target.hasGrown = true;
      target.roomLots = Math.min(target.roomLots, change.after);
      target.leftLots = Math.min(target.leftLots, target.roomLots);
    }
  }

  /** The unit of quantities has changed. */
  rescale(symbol: string, toNew: (lots: number) => number): void {
    for (const target of this.#all.values()) {
      if (target.symbol !== symbol) continue;
      target.askedLots = toNew(target.askedLots);
      target.leftLots = toNew(target.leftLots);
      target.roomLots = toNew(target.roomLots);
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
      for (const { order } of oldest.allotments) this.#byOrder.delete(order);
    }
  }
}

/** What is held when a target is opened. */
export interface HeldLots {
  readonly closable: (event: ExitTargetEvent & { readonly action: 'opened' }) => number;
  readonly openings: readonly OrderState[];
}
/** Lots on the side that `side` closes; `agent` null: of the whole position. */
export interface HeldChange {
  readonly agent: string | null;
  readonly side: Side;
  readonly before: number;
  readonly after: number;
}

/** The gate closes what agents hold: `reduceOnly` keeps it from what is somebody else's only where nobody else holds. */
function isGatesOfAll(event: ExitTargetEvent & { readonly action: 'opened' }, held: HeldLots): boolean {
  return event.origin === 'gate' && event.lots >= held.closable(event);
}

/** Its share bounds it; the gate's own comes out of what all agents hold. */
function isOfAgent({ origin, scope }: Pick<ExitTarget, 'origin' | 'scope'>): boolean {
  return origin === 'agent' && scope === 'own';
}

/** Lots that a side would close: of the position, or of one agent's share of it. */
export function heldOn(position: PositionState | undefined, side: Side, agent: string | null): number {
  if (position === undefined) return 0;
  if (agent === null) return side === 'sell' ? longLots(position) : shortLots(position);
  const share = position.shares.get(agent) ?? 0;
  return Math.max(0, side === 'sell' ? share : -share);
}

/**
 * Notes what is held of a position, by agent and in all (null), and tells afterwards what a fill or a reading has changed.
 * What is only disputed does not count: it may come and go.
 */
export function noteHeld(position: PositionState): () => readonly HeldChange[] {
  const before = new Map<string | null, number>([[null, position.lots], ...position.shares]);
  return () => {
    const after = new Map<string | null, number>([[null, position.lots], ...position.shares]);
    const changes: HeldChange[] = [];
    for (const agent of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(agent) ?? 0, after.get(agent) ?? 0];
      if (was === is) continue;
      changes.push({ agent, side: 'sell', before: Math.max(0, was), after: Math.max(0, is) });
      changes.push({ agent, side: 'buy', before: Math.max(0, -was), after: Math.max(0, -is) });
    }
    return changes;
  };
}

/** The venue has not told what became of the order. */
export function isUnproven(order: OrderState): boolean {
  return order.status === 'unknown' || order.status === 'lost';
}

/**
 * Lots of a target that no order on its way may close yet. RISK: what an order of unknown outcome carries counts as
 * closed, or the same lots would be closed twice; but for the whole of an operator or of the gate while nothing was opened
 * after it: `reduceOnly` alone bounds it then.
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
  for (const { executedLots, status } of younger) if (executedLots > 0 || !isTerminal(status)) return false;
  return true;
}

/** Orders of a target that may still fill. */
export function* liveOrdersOf(target: ExitTarget): Generator<OrderState> {
  for (const { order } of target.allotments) if (!isTerminal(order.status)) yield order;
}
