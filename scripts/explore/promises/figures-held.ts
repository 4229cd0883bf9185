import type { ExecutionContext } from '../../../daemon/core/context.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import { ceilLots, floorLots } from '../../../daemon/engine/records/units.ts';
import type { SymbolRules } from '../../../daemon/engine/records/venue.ts';
import type { Note } from '../history.ts';
import type { Belief } from '../lots/beliefs.ts';
import { type PlainOrder, type PlainOrders, pendingUnits, ticksOf, unitOf } from '../plain/plain-orders.ts';
import { type Found, unequal } from '../plain/told.ts';

interface OpenExit {
  readonly agent: string;
  readonly symbol: string;
}
/** Signed, in units of 1e-8, and whose. */
type Held = Pick<Belief, 'held' | 'holder' | 'own'>;
const NOTHING: Held = { held: 0, holder: null, own: 0 };

/** What each symbol holds by fills (`lots/books` compares it with the exchange's books), by readings, and by whom it is closed. */
export class PlainHeld {
  readonly #held = new Map<string, Held>();
  /** By the last reading of the account; a symbol that it has no row of is flat. */
  #read: ReadonlyMap<string, number> = new Map();
  #isUnread = false;
  /** Symbols in which that was not what the fills told of by then say. */
  readonly #differing = new Set<string>();
  /** When the last reading was asked for. */
  #requestedAtMs = 0;
  /** Symbols of which a fill was told since the last reading, and dates from before it. */
  readonly #doubted = new Set<string>();
  readonly #exits = new Map<string, OpenExit>();

  take({ event }: Pick<Note, 'event'>, beliefs: readonly Belief[]): void {
    for (const belief of beliefs) this.#held.set(belief.symbol, belief);
    if (event.kind === 'account') {
      this.#read = new Map(event.payload.positions.map(({ quantity_e8: e8, symbol }) => [symbol, e8]));
      this.#isUnread = (event.payload.unread ?? []).length > 0;
      this.#requestedAtMs = event.payload.requested_at_ms;
      this.#doubted.clear();
      this.#differing.clear();
      for (const symbol of new Set([...this.#held.keys(), ...this.#read.keys()]))
        if (this.#isOther(symbol)) this.#differing.add(symbol);
    }
    if (event.kind === 'order' && event.payload.executed_e8 > 0)
      if ((event.payload.venue_at_ms ?? 0) <= this.#requestedAtMs)
        for (const { symbol } of beliefs) this.#doubted.add(symbol);
    if (event.kind !== 'exit_target') return;
    if (event.payload.action === 'ended') this.#exits.delete(event.payload.decision_id);
    else if (event.payload.origin === 'agent') this.#exits.set(event.payload.decision_id, event.payload);
  }

  of(symbol: string): Held {
    return this.#held.get(symbol) ?? NOTHING;
  }
  get symbols(): Iterable<string> {
    return this.#held.keys();
  }
  /**
   * Fills and the last reading say the same, as they did when it came, and that for sure: no other count is worse. A fill of
   * after a reading that differs explains none of that, though both come to the same.
   */
  isAgreed(symbol: string): boolean {
    return !this.#isUnread && !this.#doubted.has(symbol) && !this.#differing.has(symbol) && !this.#isOther(symbol);
  }
  #isOther(symbol: string): boolean {
    return (this.#read.get(symbol) ?? 0) !== this.of(symbol).held;
  }
  /** An exit that closes now, and is not over. */
  isWorked(rootId: string | null): boolean {
    return rootId !== null && this.#exits.has(rootId);
  }
  /** Beside the one that is amended: that stays one. */
  countExits(agent: string, symbol: string, amended: string | null): number {
    let count = 0;
    for (const [id, exit] of this.#exits)
      if (exit.agent === agent && exit.symbol === symbol && id !== amended) count += 1;
    return count;
  }
}

/** Positions, orders and exits that a decision counted, by the records before it; of symbols on which fills and readings agree. */
export function* compareHeld(
  { all, rules: allRules }: PlainOrders,
  plain: PlainHeld,
  { context, request }: DecisionEvent,
  hasBudgets: boolean,
): Generator<Found> {
  const symbol = request.symbol ?? '';
  const rules = allRules.get(symbol);
  if (rules === undefined || !plain.isAgreed(symbol)) return;
  const { held } = plain.of(symbol);
  const { agent, exposure, market } = context;
  yield* unequal('position-lots', exposure.position_lots, floorLots(held, rules));
  yield* unequal('long-lots', exposure.long_lots, ceilLots(Math.max(0, held), rules));
  yield* unequal('short-lots', exposure.short_lots, ceilLots(Math.max(0, -held), rules));
  const counted = [...othersOf(all, context)];
  const here = counted.filter((order) => order.symbol === symbol);
  if (market.mark !== null) {
    const [long, short] = worstOf(held, here, rules, market.mark);
    yield* unequal('long-units', exposure.long_units, long);
    yield* unequal('short-units', exposure.short_units, short);
    const own = plain.of(symbol).holder === request.agent ? plain.of(symbol).own : 0;
    const ofAgent = here.filter((order) => order.agent === request.agent);
    const [ownLong, ownShort] = worstOf(own, ofAgent, rules, market.mark);
    yield* unequal('agent-long-units', agent.long_units, ownLong);
    yield* unequal('agent-short-units', agent.short_units, ownShort);
  }
  const isOpen = request.intent === 'open' && context.phase === 'parent';
  if (
    isOpen &&
    request.origin === 'agent' &&
    plain.of(symbol).holder !== null &&
    plain.of(symbol).holder !== request.agent
  )
    yield* unequal('held-by', context.holding?.held_by ?? null, 'another');
  // An amend sets no leverage: the order itself keeps the setting.
  const amended = request.intent === 'modify' ? all.get(context.own_order_id ?? '') : undefined;
  const isKept = amended !== undefined && !amended.isOver && isSent(amended);
  yield* unequal('leverage-locked', String(market.leverage_locked), String(held !== 0 || isKept || here.some(isSent)));
  if (request.intent === 'open' || request.intent === 'modify') {
    const opening = here.filter((order) => !order.reduceOnly && !order.foreign && order.triggerE8 === null);
    yield* unequal('openings', context.openings?.all ?? 0, opening.length);
    const ownOpening = opening.filter((order) => order.agent === request.agent);
    yield* unequal('own-openings', context.openings?.own ?? 0, ownOpening.length);
  }
  if (context.phase !== 'standing' && request.intent !== 'cancel') {
    const root = all.get(context.own_order_id ?? '')?.rootId ?? null;
    yield* unequal('open-exits', context.holding?.open_exits ?? 0, plain.countExits(request.agent, symbol, root));
  }
  const elsewhere = sumElsewhere(allRules, plain, counted, context, symbol);
  if (elsewhere === null) return;
  yield* unequal('other-positions', exposure.other_positions, elsewhere.all.positions);
  yield* unequal('other-gross', exposure.gross_other_usdt, elsewhere.all.usdt);
  const ofAgent = hasBudgets ? elsewhere.of(request.agent) : { positions: 0, usdt: 0 };
  yield* unequal('agent-other-positions', agent.other_positions, ofAgent.positions);
  yield* unequal('agent-other-gross', agent.gross_other_usdt, ofAgent.usdt);
}

const isSent = ({ isUnsent }: PlainOrder): boolean => !isUnsent;

interface Elsewhere {
  readonly positions: number;
  readonly usdt: number;
}
/** Worst case of the other symbols, at the marks that were recorded; null: of one of them it cannot be told. */
function sumElsewhere(
  allRules: PlainOrders['rules'],
  plain: PlainHeld,
  orders: readonly PlainOrder[],
  { exposure }: ExecutionContext,
  symbol: string,
): { readonly all: Elsewhere; readonly of: (agent: string) => Elsewhere } | null {
  const marks = new Map(exposure.other_marks);
  const opening = orders.filter((order) => !order.reduceOnly).map((order) => order.symbol);
  const others = [...new Set([...plain.symbols, ...opening])].filter((other) => other !== symbol);
  const exposed = others.filter((other) => plain.of(other).held !== 0 || opening.includes(other));
  if (others.some((other) => !plain.isAgreed(other))) return null;
  if (exposed.some((other) => !marks.has(other) || !allRules.has(other))) return null;
  const sumOf = (agent: string | null): Elsewhere => {
    const worth = exposed.map((other) => {
      const [rules, { held, holder, own }] = [allRules.get(other) as SymbolRules, plain.of(other)];
      const heldE8 = agent === null ? held : holder === agent ? own : 0;
      const counted = orders.filter((order) => order.symbol === other && (agent === null || order.agent === agent));
      return Math.max(...worstOf(heldE8, counted, rules, marks.get(other) ?? 0)) * unitOf(rules);
    });
    return { positions: worth.filter((usdt) => usdt > 0).length, usdt: worth.reduce((sum, usdt) => sum + usdt, 0) };
  };
  return { all: sumOf(null), of: sumOf };
}

/** Neither decided again, nor leaving, nor unsent parts of the same parent, but beside an amend: it takes nothing of these. */
function* othersOf(all: PlainOrders['all'], context: ExecutionContext): Generator<PlainOrder> {
  const leaving = new Set(context.leaving_order_ids);
  const own = all.get(context.own_order_id ?? '');
  for (const order of all.values()) {
    const isSibling = own !== undefined && own.rootId !== null && order.rootId === own.rootId && order.isUnsent;
    const isPart = isSibling && context.phase !== 'parent';
    if (order === own || order.isOver || leaving.has(order.id) || isPart) continue;
    yield order;
  }
}

/** Worst case of each side, in lots times ticks (DESIGN "Arithmetic"). */
function worstOf(heldE8: number, orders: readonly PlainOrder[], rules: SymbolRules, mark: number): [number, number] {
  const sum = (side: 'buy' | 'sell'): number =>
    orders.reduce((units, order) => units + (order.side === side ? pendingUnits(order, rules, mark) : 0), 0);
  const ticks = ticksOf(rules, mark);
  const long = ceilLots(Math.max(0, heldE8), rules) * ticks + sum('buy');
  return [long, ceilLots(Math.max(0, -heldE8), rules) * ticks + sum('sell')];
}
