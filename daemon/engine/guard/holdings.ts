import type { EngineCore } from '../flow/core.ts';
import type { Started } from '../flow/step.ts';
import { unownedE8 } from '../orders/holding.ts';
import { findMisplaced, findUnowned } from '../plan/holdings.ts';
import type { PositionState } from '../positions/positions.ts';
import { formatQuantityE8 } from '../records/units.ts';
import type { Canceler } from '../sending/cancels.ts';

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
    const unowned = findUnowned(core.state);
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
