import { addingSide, limitOrder, marketOrder, type Script, type ScriptView, step, tool } from '../script.ts';

/** ATK-STATE: risk-on while the market is extreme, by market orders, resting orders and both symbols at once. */
export function* addInStress(view: ScriptView): Script {
  const { random, spec } = view;
  const cap = spec.budgets.order_notional_usdt;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  // Before the market turns there is nothing to abuse: orders rest that would fill in the fall.
  if (!view.isStressed()) {
    yield step([tool('place_order', limitOrder(view, symbol, 'buy', cap * 0.4, random.between(30, 90)))], 150);
    return;
  }
  yield step(
    view.symbols.map((each) =>
      tool(
        'place_order',
        marketOrder(each, addingSide(view, each), cap * 0.9, { requested_leverage: spec.budgets.leverage }),
      ),
    ),
  );
  yield step([tool('place_order', marketOrder(symbol, side, cap * random.between(0.2, 0.6)))], 60);
  yield step([tool('place_order', limitOrder(view, symbol, side, cap * 0.8, -20))], 60);
  yield step([tool('place_order', marketOrder(symbol, side, cap * random.between(0.1, 0.3)))], 250);
}
