// biome-ignore-all lint/style/noExcessiveLinesPerFile: one view, and what moves the bounds of its targets
import type { ExitTargetEvent } from '../events.ts';
import { findPlaces, KEEP_ENDED_MS, type PlacesByRow } from './ended-orders.ts';
import type { Allotment, ExitTarget } from './exit-target.ts';
import { remainingLots } from './exposure.ts';
import {
  askRoom,
  type HeldChange,
  type HeldFill,
  isGivenBack,
  isReadInto,
  moveRoom,
  type RoomReading,
  settleRoom,
} from './held-lots.ts';
import { keeps } from './keep.ts';
import { isTerminal, type OrderState } from './orders.ts';
import type { Redate } from './redate.ts';
import type { SettledOrders } from './settled-orders.ts';

export type { Allotment, ExitTarget } from './exit-target.ts';

interface ServedTarget {
  readonly target: ExitTarget;
  readonly part: Allotment;
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
  #byOrder = new Map<OrderState, readonly ServedTarget[]>();
  /** A number is that of the settled row whose target it is. */
  #ended: (ExitTarget | number)[] = [];
  #endedAtMs: number[] = [];
  readonly #settled: SettledOrders;
  /** How many targets name an order as an opening of before or after them. */
  readonly #mentioned = new Map<OrderState, number>();

  static {
    keeps(
      ExitTargets,
      (view) => ({
        all: view.#all,
        open: view.#open,
        byOrder: view.#byOrder,
        ended: view.#ended,
        endedAtMs: view.#endedAtMs,
        settled: view.#settled,
      }),
      (kept) => {
        const made = new ExitTargets(kept.settled);
        made.#all = kept.all;
        made.#open = kept.open;
        made.#byOrder = kept.byOrder;
        made.#ended = kept.ended;
        made.#endedAtMs = kept.endedAtMs;
        for (const target of made.#all.values()) for (const order of openingsOf(target)) made.#mention(order, 1);
        return made;
      },
    );
  }

  constructor(settled: SettledOrders) {
    this.#settled = settled;
  }

  /** Of one that is settled, a frozen copy. */
  find(decisionId: string): ExitTarget | null {
    const held = this.#all.get(decisionId);
    if (held !== undefined || this.#settled.isEmpty) return held ?? null;
    const row = this.#settled.find('decision', decisionId);
    return row === null || !this.#settled.hasTarget(row) ? null : this.#settled.read(row).target;
  }
  /** One that is not settled. */
  held(decisionId: string): ExitTarget | null {
    return this.#all.get(decisionId) ?? null;
  }
  partsOf(order: OrderState): readonly ServedTarget[] {
    return this.#byOrder.get(order) ?? [];
  }
  /** A target of which it is none of the own orders may still ask about it. */
  isMentioned(order: OrderState): boolean {
    return this.#mentioned.has(order);
  }
  #mention(order: OrderState, by: 1 | -1): void {
    const times = (this.#mentioned.get(order) ?? 0) + by;
    if (times === 0) this.#mentioned.delete(order);
    else this.#mentioned.set(order, times);
  }

  /** It has ended, and stands in a row from now on. */
  putAway(target: ExitTarget, row: number): void {
    this.#all.delete(target.decisionId);
    for (const { order } of target.allotments) this.#byOrder.delete(order);
    // It ended a short while ago.
    this.#ended[this.#ended.lastIndexOf(target)] = row;
  }
  bringBack(row: number, target: ExitTarget, places?: PlacesByRow): void {
    this.#all.set(target.decisionId, target);
    for (const part of target.allotments) this.#byOrder.set(part.order, [{ target, part }]);
    const place = places?.get(row)?.at(-1) ?? this.#ended.lastIndexOf(row);
    this.#ended[place] = target;
  }
  placesByRow(): PlacesByRow {
    return findPlaces(this.#ended);
  }
  /** Oldest first. */
  get open(): ReadonlySet<ExitTarget> {
    return this.#open;
  }
  /**
   * When the gate's last exit of a symbol, or one of its orders, ended or last changed; and when an order of it did that
   * closed something: what followed that one and closed nothing changed nothing that a reading could show.
   */
  lastGateExit(symbol: string): { readonly endedAtMs: number; readonly filledAtMs: number } {
    let endedAtMs = Number.NEGATIVE_INFINITY;
    let filledAtMs = Number.NEGATIVE_INFINITY;
    for (const { allotments, end, origin, symbol: where } of this.#all.values()) {
      if (origin !== 'gate' || where !== symbol) continue;
      endedAtMs = Math.max(endedAtMs, end?.atMs ?? endedAtMs);
      for (const { filledLots, order } of allotments) {
        endedAtMs = Math.max(endedAtMs, order.updatedAtMs);
        if (filledLots > 0) filledAtMs = Math.max(filledAtMs, order.updatedAtMs);
      }
    }
    return { endedAtMs, filledAtMs };
  }
  redate(redate: Redate): void {
    for (const target of this.#all.values()) {
      const opened: { openedAtMs: number } = target;
      opened.openedAtMs = redate(opened.openedAtMs);
      if (target.readAtMs !== null) target.readAtMs = redate(target.readAtMs);
      if (target.end !== null) target.end = { ...target.end, atMs: redate(target.end.atMs) };
    }
    this.#endedAtMs = this.#endedAtMs.map(redate);
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
    target.readAtMs = null;
    // It stays for days, without room for more.
    target.allotments = target.allotments.slice();
    this.#open.delete(target);
    this.#ended.push(target);
    this.#endedAtMs.push(at.atMs);
  }

  #begin(event: ExitTargetEvent & { readonly action: 'opened' }, first: OrderState, held: HeldThen, at: At): void {
    const { disputedLots, readAtMs, roomLots } = askRoom(
      Math.max(event.lots, held.closable),
      held.proven,
      held.reading,
    );
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
      gaveWay: null,
      hasGrown: false,
      allotments: [],
      askedLots: event.lots,
      leftLots: event.lots,
      roomLots,
      disputedLots,
      readAtMs,
      filledLots: 0,
      rung: -1,
      end: null,
    };
    this.#all.set(target.decisionId, target);
    this.#open.add(target);
    for (const order of held.openings) this.#mention(order, 1);
    if (first.status !== 'pending_send') this.#assign(first, [target], 0);
  }

  /** An opening order was decided or seen. */
  noteOpening(order: OrderState): void {
    for (const target of this.#open)
      if (target.isOfAll && target.symbol === order.symbol && target.side !== order.side)
        this.#addYounger(target, order);
  }

  /** A list shows an opening order working that counted as ended: it may still fill lots to close. */
  noteRevived(order: OrderState): void {
    for (const target of this.#open) {
      if (target.symbol !== order.symbol || target.side === order.side) continue;
      const isMine = target.origin !== 'agent' || target.agent === order.agent;
      if (order.plannedAtMs <= target.openedAtMs && isMine) this.#addOpening(target, order);
      else if (target.isOfAll) this.#addYounger(target, order);
    }
  }

  /** The gate itself asks an order of theirs back. */
  noteGaveWay(order: OrderState): void {
    for (const target of this.targetsOf(order)) {
      if (target.end !== null) continue;
      target.gaveWay ??= new Set();
      target.gaveWay.add(order);
    }
  }
  /** A cancel was permitted: what its caller wants gone as well gives way to nobody. */
  noteCancel(isDisplaced: (decisionId: string) => boolean): void {
    for (const { decisionId, gaveWay } of this.#open)
      for (const order of gaveWay ?? [])
        if (!isTerminal(order.status) && !isDisplaced(decisionId)) gaveWay?.delete(order);
  }

  #addOpening(target: ExitTarget, order: OrderState): void {
    if (target.openings?.has(order) === true) return;
    target.openings ??= new Set();
    target.openings.add(order);
    this.#mention(order, 1);
  }
  #addYounger(target: ExitTarget, order: OrderState): void {
    if (target.younger?.has(order) === true) return;
    target.younger ??= new Set();
    target.younger.add(order);
    this.#mention(order, 1);
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

  /** Callers are proven to hold a different amount. `fill`: of which order, and when; null: a reading showed it. */
  follow(symbol: string, changes: readonly HeldChange[], fill: HeldFill | null): void {
    for (const target of this.#open) {
      if (target.symbol !== symbol) continue;
      const change = changes.find(({ agent, side }) => side === target.side && agent === whoseOf(target));
      if (change === undefined) continue;
      const grown = change.after - change.before;
      if (fill === null) adopt(target, grown);
      else if (grown <= 0) moveRoom(target, grown, isReadInto(target, grown, fill.atMs));
      else if (isOfBefore(target, fill) || isGivenBack(change, fill.order)) takeGrowth(target, grown, fill.atMs);
      bound(target, change.after);
    }
  }

  /**
   * A reading agrees with what is proven, and no order is unproven: disputed lots were not held. RISK: what is proven
   * by now may have been opened later, so it does not take their place.
   */
  settle(symbol: string, provenOf: (target: ExitTarget) => number): void {
    for (const target of this.#open) {
      if (target.symbol !== symbol) continue;
      const isDisputed = target.disputedLots > 0;
      settleRoom(target);
      if (isDisputed) bound(target, provenOf(target));
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
    while (this.#ended.length > 0 && this.#endedAtMs[0]! <= nowMs - KEEP_ENDED_MS) {
      const oldest = this.#ended.shift()!;
      this.#endedAtMs.shift();
      if (typeof oldest === 'number') {
        this.#settled.dropTarget(oldest);
        continue;
      }
      this.#all.delete(oldest.decisionId);
      for (const order of openingsOf(oldest)) this.#mention(order, -1);
      for (const { order } of oldest.allotments) {
        // A merged order may still work for a younger target.
        const isUsed = this.partsOf(order).some(({ target }) => this.#all.has(target.decisionId));
        if (!isUsed) this.#byOrder.delete(order);
      }
    }
  }
}

function* openingsOf({ openings, younger }: ExitTarget): Generator<OrderState, void> {
  yield* openings ?? [];
  yield* younger ?? [];
}

/** Lots held when a target is opened, on the side that it closes. */
export interface HeldThen {
  readonly closable: number;
  /** Signed; without lots that only a reading shows. */
  readonly proven: number;
  /** Of the whole position, where that is what it closes. */
  readonly reading: RoomReading | null;
  readonly openings: readonly OrderState[];
}

/** A reading is believed: it proves what an earlier one showed. */
function adopt(target: ExitTarget, grown: number): void {
  if (grown > Math.max(0, target.disputedLots)) target.hasGrown = true;
  const lots = Math.min(grown, Math.max(0, target.disputedLots));
  moveRoom(target, lots, lots > 0);
}

/** Held when the exit was requested, whoever opened it; a full exit closes what its earlier openings fill later, too. */
function isOfBefore(target: ExitTarget, { order, atMs }: HeldFill): boolean {
  if (target.isWhole && target.openings?.has(order) === true) return true;
  return order.plannedAtMs < target.openedAtMs && atMs <= Math.max(target.openedAtMs, target.readAtMs ?? 0);
}

/** What was counted by a reading is proven; what an earlier opening adds to that, a full exit closes, too. */
function takeGrowth(target: ExitTarget, grown: number, filledAtMs: number): void {
  const before = Math.max(0, target.roomLots);
  moveRoom(target, grown, isReadInto(target, grown, filledAtMs));
  if (!target.isWhole) return;
  // A part of it may have been closed before it was known.
  const added = Math.max(0, target.roomLots) - before;
  target.leftLots += added;
  target.askedLots += added;
}

function bound(target: ExitTarget, provenLots: number): void {
  target.roomLots = Math.min(target.roomLots, Math.max(0, provenLots) + Math.max(0, target.disputedLots));
  target.leftLots = Math.min(target.leftLots, Math.max(0, target.roomLots));
}

/**
 * The gate closes what agents hold: `reduceOnly` keeps it from what is somebody else's only where nobody else holds.
 */
function isGatesOfAll(event: ExitTargetEvent & { readonly action: 'opened' }, held: HeldThen): boolean {
  return event.origin === 'gate' && event.lots >= held.closable;
}

/**
 * Whose lots it closes: its agent's share, or those of the whole position (null). An exit of the gate comes out of what
 * all agents hold, whatever the scope of agents is.
 */
export function whoseOf({ agent, origin, scope }: Pick<ExitTarget, 'agent' | 'origin' | 'scope'>): string | null {
  return origin === 'agent' && scope === 'own' ? agent : null;
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
