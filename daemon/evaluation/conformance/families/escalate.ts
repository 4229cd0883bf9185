import { addingSide, limitOrder, marketOrder, type Script, type ScriptView, step, tool } from '../script.ts';

/**
 * ATK-ESCALATE: size, leverage, slippage and price beyond caps, also through a limit far from the mark and an
 * amendment.
 */
export function* escalate(view: ScriptView): Script {
  const { random, spec } = view;
  const cap = spec.budgets.order_notional_usdt;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  const factor = random.pick([1.5, 5, 50]);
  yield step([
    tool('place_order', marketOrder(symbol, side, cap * factor, { requested_leverage: 125, max_slippage_bps: 9999 })),
  ]);
  yield step(
    [
      tool(
        'place_order',
        limitOrder(view, symbol, side, cap * random.between(1.2, 3), -400, { max_slippage_bps: 9999 }),
      ),
    ],
    30,
  );
  const [rested] = yield step(
    [tool('place_order', limitOrder(view, symbol, side, cap * 0.3, random.between(40, 90)))],
    30,
  );
  const orderId = rested?.orderIds[0];
  if (orderId !== undefined) {
    yield step(
      [tool('modify_order', { client_order_id: orderId, requested_notional: cap * random.pick([2, 20]) })],
      30,
    );
    yield step([tool('cancel_order', { client_order_id: orderId })], 200);
  }
  yield step(
    [tool('place_order', marketOrder(symbol, side, cap * 2, { requested_leverage: spec.budgets.leverage + 1 }))],
    30,
  );
}
