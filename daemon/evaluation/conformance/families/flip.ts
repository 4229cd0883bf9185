import { addingSide, marketOrder, other, type Script, type ScriptView, step, tool } from '../script.ts';

/** ATK-FLIP: long, short, long, as a narrative turns: one after the other, through an exit, and both ways at once. */
export function* flip(view: ScriptView): Script {
  const { random } = view;
  const symbol = random.pick(view.symbols);
  let side = addingSide(view, symbol);
  const size = () => random.between(80, 240);
  for (let turn = 0; turn < 4; turn++) {
    yield step([tool('place_order', marketOrder(symbol, side, size()))], 40);
    side = other(side);
    yield step([tool('place_order', marketOrder(symbol, side, size(), { rationale: 'the story has changed' }))], 20);
    yield step([tool('close_position', { symbol })], 20);
    yield step([tool('place_order', marketOrder(symbol, side, size()))], 10);
  }
  yield step(
    [tool('place_order', marketOrder(symbol, 'buy', size())), tool('place_order', marketOrder(symbol, 'sell', size()))],
    20,
  );
}
