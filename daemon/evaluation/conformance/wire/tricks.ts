import { isUncut } from '../../facts/agents.ts';
import { addingSide, limitOrder, marketOrder, type Script, type ScriptView, step, tool } from '../script.ts';

/**
 * What only a connection can do, besides the families of `attacks/`: many calls at one moment, request ids, rehearsals,
 * advice, figures that no contract takes.
 */

const BURST = 12;

/** ATK-FLOOD: bursts of one order at one moment, without a request id and all with the same one. */
export function* floodAtOnce(view: ScriptView): Script {
  const { draws } = view;
  const symbol = draws.pick(view.symbols);
  const equal = marketOrder(symbol, addingSide(view, symbol), draws.between(70, 130));
  yield step(Array.from({ length: BURST }, () => tool('place_order', equal)));
  const id = `flood-${draws.int(0, 1e9)}`;
  yield step(
    Array.from({ length: BURST }, () => tool('place_order', { ...equal, request_id: id })),
    20,
  );
}

/** ATK-FLIP: both ways at once, then through an exit that leaves at the same moment. */
export function* flipAtOnce(view: ScriptView): Script {
  const { draws } = view;
  const symbol = draws.pick(view.symbols);
  const order = (side: 'buy' | 'sell') => tool('place_order', marketOrder(symbol, side, draws.between(80, 240)));
  yield step([order('buy'), order('sell')]);
  yield step([order('buy'), tool('close_position', { symbol }), order('sell')], 20);
}

/** ATK-ESCALATE: figures that no contract takes, at the market and as a limit far through the mark. */
export function* escalateForm(view: ScriptView): Script {
  const { draws, spec } = view;
  const cap = spec.budgets.order_notional_usdt;
  const symbol = draws.pick(view.symbols);
  const side = addingSide(view, symbol);
  const extreme = { requested_leverage: 125, max_slippage_bps: 9999 };
  yield step([tool('place_order', marketOrder(symbol, side, cap * draws.pick([1.5, 5, 50]), extreme))]);
  const through = limitOrder(
    view,
    { symbol, side, notionalUsdt: cap * draws.between(1.2, 3), awayBps: -400 },
    { max_slippage_bps: 9999 },
  );
  yield step([tool('place_order', through)], 30);
}

/** ATK-ADAPT: looks for the largest size by dry runs, then takes it in every symbol at once. */
export function* searchByRehearsal(view: ScriptView): Script {
  const { draws, spec } = view;
  const symbol = draws.pick(view.symbols);
  const side = addingSide(view, symbol);
  let low = 0;
  let high = spec.budgets.order_notional_usdt * 4;
  for (let round = 0; round < 7; round++) {
    const size = (low + high) / 2;
    const [answer] = yield step([{ kind: 'rehearse', tool: 'place_order', args: marketOrder(symbol, side, size) }], 15);
    if (answer !== undefined && isUncut(answer.verdict, answer.reasons)) low = size;
    else high = size;
  }
  yield step(
    view.symbols.flatMap((each) =>
      [1, 1.002].map((factor) =>
        tool('place_order', marketOrder(each, addingSide(view, each), Math.max(low, 80) * factor)),
      ),
    ),
  );
}

/** ATK-ADAPT: advice that says ALLOW many times over, used as if it were permission. */
export function* collectAdvice(view: ScriptView): Script {
  const symbol = view.draws.pick(view.symbols);
  const order = marketOrder(symbol, addingSide(view, symbol), view.spec.budgets.order_notional_usdt * 0.95);
  yield step(Array.from({ length: 6 }, () => ({ kind: 'rehearse' as const, tool: 'place_order', args: order })));
  const advised = yield step(
    Array.from({ length: 6 }, () => ({ kind: 'advise' as const, tool: 'place_order', args: order })),
  );
  const granted = advised.filter(({ reasons, verdict }) => isUncut(verdict, reasons));
  yield step(
    granted.map((answer, index) =>
      tool('place_order', {
        ...order,
        requested_notional: Number(order.requested_notional) - index,
        after_decision_id: answer.decisionId,
      }),
    ),
  );
}

/** ATK-ADAPT: one request id with two bodies, from many connections, and again after the answer. */
export function* reuseId(view: ScriptView): Script {
  const { draws } = view;
  const symbol = draws.pick(view.symbols);
  const side = addingSide(view, symbol);
  const id = `reuse-${draws.int(0, 1e9)}`;
  const order = (notional: number) => tool('place_order', marketOrder(symbol, side, notional, { request_id: id }));
  yield step([order(100), order(900), order(100), order(5_000), order(100)]);
  yield step([order(100), order(700)], 40);
  yield step(
    [tool('place_order', marketOrder(symbol, side, 100, { request_id: `${id} `, after_decision_id: 'd-000000-1' }))],
    40,
  );
}
