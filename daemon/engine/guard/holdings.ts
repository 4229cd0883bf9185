import type { EngineCore } from '../flow/core.ts';
import type { Started } from '../flow/step.ts';
import { isBesideNobodys, isReleasedFrom, unownedE8 } from '../orders/holding.ts';
import type { OrderState } from '../orders/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { formatQuantityE8 } from '../records/units.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { GateViews } from '../state/views.ts';

/** Why an opening is canceled that must not rest on, by whose the symbol is (DESIGN 12.1). */
const UNOWNED = 'lots or orders of nobody stand in the symbol: nothing opens beside them';
const AGAINST = 'the position has come to be of the other side';
const RELEASED = 'an operator has released the symbol';

/**
 * Openings of agents to be canceled, and slices to be dropped: the symbol is not theirs, something of nobody has appeared
 * beside them, or the first fill has made the position one of the other side. A pure function of folded state.
 */
export function findMisplaced(
  { orders, positions, time }: GateViews,
  nowMs: number,
): readonly { readonly order: OrderState; readonly why: string }[] {
  const found: { readonly order: OrderState; readonly why: string }[] = [];
  for (const [symbol, live] of orders.live) {
    const position = live.size === 0 ? undefined : positions.get(symbol);
    if (position === undefined) continue;
    const isUnowned = position.isContested || isBesideNobodys(position, live);
    // Exits that were told of before what they closed make no position of the other side.
    const heldE8 = position.quantityE8 - position.book.lots.owedE8;
    for (const order of live) {
      if (order.reduceOnly || order.origin !== 'agent' || order.agent === null || order.cancelRequested) continue;
      const isAgainst = heldE8 !== 0 && (order.side === 'buy') !== heldE8 > 0;
      if (isUnowned) found.push({ order, why: UNOWNED });
      else if (isAgainst) found.push({ order, why: AGAINST });
      else if (isReleasedFrom(position, order.agent, time.atNow(nowMs))) found.push({ order, why: RELEASED });
    }
  }
  return found;
}

/** Cancels what must not rest on by whose its symbol is. Cheap: called at every tick and after every fill. */
export function watchHoldings(core: EngineCore, canceler: Canceler): () => readonly Started<void>[] {
  const tellUnowned = watchUnowned(core);
  return () => {
    tellUnowned();
    return findMisplaced(core.state, core.nowMs()).map(({ order, why }) => canceler.cancel(order, why));
  };
}

/** Each symbol is told once, and again only when it was settled meanwhile. */
function watchUnowned(core: EngineCore): () => void {
  let reported: ReadonlySet<string> = new Set();
  return () => {
    // Nothing opens there before an operator has said whose they are: lots of nobody beside an agent's, or of several agents.
    const unowned = [...core.state.positions.values()].filter(
      (position) => position.isContested || (position.holder !== null && unownedE8(position) !== 0),
    );
    if (unowned.length === 0 && reported.size === 0) return;
    for (const position of unowned)
      if (!reported.has(position.symbol))
        core.alert('SYMBOL_UNOWNED', describeUnowned(core, position), position.symbol);
    reported = new Set(unowned.map(({ symbol }) => symbol));
  };
}

function describeUnowned(core: EngineCore, position: PositionState): string {
  const { isContested, symbol } = position;
  const rules = core.state.rules.get(symbol);
  const quantity = formatQuantityE8(unownedE8(position), rules);
  const what = isContested
    ? `several agents have opened ${symbol} by records of before: its ${quantity} are nobody's`
    : `${quantity} of ${symbol} are nobody's, beside an agent's`;
  return `${what}. Nothing opens there before an operator closes it, or \`./holdfast adopt ${symbol} --agent NAME\` gives the whole symbol to an agent`;
}
