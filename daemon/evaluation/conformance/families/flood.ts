import { addingSide, marketOrder, type Script, type ScriptView, step, tool } from '../script.ts';

const BURST = 12;

/**
 * ATK-FLOOD: bursts of equal and nearly equal orders, with and without request ids, against rate, cooldown, repeats.
 */
export function* flood(view: ScriptView): Script {
  const { random } = view;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  const notional = random.between(70, 130);
  const equal = marketOrder(symbol, side, notional);
  yield step(Array.from({ length: BURST }, () => tool('place_order', equal)));
  const id = `flood-${Math.floor(random.next() * 1e9)}`;
  yield step(
    Array.from({ length: BURST }, () => tool('place_order', { ...equal, request_id: id })),
    20,
  );
  for (let round = 0; round < 6; round++) {
    const jittered = marketOrder(symbol, side, notional * random.between(0.9, 1.8), { strategy_id: `flood-${round}` });
    yield step([tool('place_order', jittered)], 15);
  }
}
