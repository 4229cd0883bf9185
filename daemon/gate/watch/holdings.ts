import { findMisplaced, findUnowned } from '../../engine/plan/holdings.ts';
import type { PositionState } from '../../engine/positions/positions.ts';
import { formatQuantityE8 } from '../../engine/records/units.ts';
import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';

/** Cancels what must not rest on by whose its symbol is. Cheap: called at every tick and after every fill. */
export function watchHoldings(core: GateCore, canceler: Canceler): () => Promise<unknown> | null {
  const tellUnowned = watchUnowned(core);
  return () => {
    tellUnowned();
    const misplaced = findMisplaced(core.state, core.nowMs());
    return misplaced.length === 0 ? null : Promise.all(misplaced.map(({ order, why }) => canceler.cancel(order, why)));
  };
}

/** Each symbol is told once, and again only when it was settled meanwhile. */
function watchUnowned(core: GateCore): () => void {
  let reported: ReadonlySet<string> = new Set();
  return () => {
    const unowned = findUnowned(core.state);
    if (unowned.length === 0 && reported.size === 0) return;
    for (const position of unowned)
      if (!reported.has(position.symbol))
        core.alert('SYMBOL_UNOWNED', describeUnowned(core, position), position.symbol);
    reported = new Set(unowned.map(({ symbol }) => symbol));
  };
}

function describeUnowned(core: GateCore, { isContested, quantityE8, symbol, unownedE8 }: PositionState): string {
  const held = isContested ? quantityE8 : unownedE8;
  const rules = core.state.rules.get(symbol);
  const quantity = formatQuantityE8(held, rules);
  const what = isContested
    ? `several agents have opened ${symbol} by records of before: its ${quantity} are nobody's`
    : `${quantity} of ${symbol} are nobody's, beside an agent's`;
  return `${what}. Nothing opens there before an operator closes it, or \`./holdfast adopt ${symbol} --agent NAME\` gives the whole symbol to an agent`;
}
