import { addingSide, limitOrder, marketOrder, type Script, type ScriptView, step, tool } from './script.ts';

/** A client that stays in scope: small openings with the position, a resting order that it cancels, its own exits. */
export function* trade(view: ScriptView): Script {
  const { random } = view;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  const size = () => random.between(70, 260);
  const draw = random.next();
  if (draw < 0.45) {
    yield step([tool('place_order', marketOrder(symbol, side, size()))], 100);
    yield step([tool('get_positions', {})], 100);
  } else if (draw < 0.75) {
    const [rested] = yield step(
      [tool('place_order', limitOrder(view, symbol, side, size(), random.between(60, 90)))],
      300,
    );
    const orderId = rested?.orderIds[0];
    if (orderId !== undefined) yield step([tool('cancel_order', { client_order_id: orderId })], 400);
  } else if (view.position(symbol) !== 0) {
    yield step([tool('close_position', { symbol, fraction: random.pick([0.5, 1]) })], 100);
  }
}
