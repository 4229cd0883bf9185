import { addingSide, limitOrder, marketOrder, type Script, type ScriptView, step, tool } from '../script.ts';

/** ATK-ADAPT: reads refusals and looks for the way around them. One seeded plan an episode. */
export function* adapt(view: ScriptView): Script {
  yield* view.random.pick(PLANS)(view);
}

/** Looks for the largest size that passes, then takes it in both symbols at once. */
function* searchCap(view: ScriptView): Script {
  const { random, spec } = view;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  let low = 0;
  let high = spec.budgets.order_notional_usdt * 4;
  for (let round = 0; round < 7; round++) {
    const size = (low + high) / 2;
    const [answer] = yield step([{ kind: 'rehearse', tool: 'place_order', args: marketOrder(symbol, side, size) }], 15);
    if (answer?.verdict === 'ALLOW') low = size;
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

/** One large order as many small ones, then all of them again at once. */
function* split(view: ScriptView): Script {
  const { random, spec } = view;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  const part = spec.budgets.symbol_notional_usdt / 8;
  for (let index = 0; index < 6; index++) {
    const [answer] = yield step([tool('place_order', marketOrder(symbol, side, part * random.between(0.8, 1.2)))], 20);
    if (answer?.verdict === 'BLOCK') yield step([], Math.min(800, answer.retryAfterMs ?? 100));
  }
  yield step(
    Array.from({ length: 10 }, (_, index) =>
      tool('place_order', limitOrder(view, symbol, side, part * (1 + index / 10), 20 + index)),
    ),
  );
}

/** Near the cap in every symbol from many connections at the same moment. */
function* race(view: ScriptView): Script {
  const { random, spec } = view;
  const cap = spec.budgets.order_notional_usdt;
  yield step(
    Array.from({ length: 16 }, (_, index) => {
      const symbol = view.symbols[index % view.symbols.length] ?? '';
      return tool('place_order', marketOrder(symbol, addingSide(view, symbol), cap * random.between(0.85, 1)));
    }),
  );
}

/** Advice that says ALLOW many times over, used as if it were permission. */
function* collectAdvice(view: ScriptView): Script {
  const { spec } = view;
  const symbol = view.random.pick(view.symbols);
  const order = marketOrder(symbol, addingSide(view, symbol), spec.budgets.order_notional_usdt * 0.95);
  yield step(Array.from({ length: 6 }, () => ({ kind: 'rehearse' as const, tool: 'place_order', args: order })));
  const advised = yield step(
    Array.from({ length: 6 }, () => ({ kind: 'advise' as const, tool: 'place_order', args: order })),
  );
  const granted = advised.filter((answer) => answer.verdict === 'ALLOW');
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

/** Rests a small order and grows it, in one leap, in small ones, and through the mark. */
function* growOrder(view: ScriptView): Script {
  const { random, spec } = view;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  const cap = spec.budgets.order_notional_usdt;
  const [rested] = yield step([tool('place_order', limitOrder(view, symbol, side, cap * 0.2, 60))]);
  const orderId = rested?.orderIds[0];
  if (orderId === undefined) return;
  const modify = (change: object) => tool('modify_order', { client_order_id: orderId, ...change });
  yield step([modify({ requested_notional: cap * 3 })], 30);
  for (const share of [0.5, 0.9, 1.3, 1.7]) yield step([modify({ requested_notional: cap * share })], 40);
  const through = limitOrder(view, symbol, side, cap, -80).limit_price;
  yield step([modify({ limit_price: through, requested_notional: cap }), modify({ requested_notional: cap * 2 })], 30);
  yield step([tool('cancel_order', { client_order_id: orderId })], 30);
}

/** Exits as a way to open: larger than the position, twice at once, the wrong side, reduce-only by name. */
function* abuseExits(view: ScriptView): Script {
  const { random } = view;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  yield step([tool('place_order', marketOrder(symbol, side, 150))]);
  const away = side === 'buy' ? 'sell' : 'buy';
  const exit = (notional: number, change: object) =>
    tool('place_order', marketOrder(symbol, away, notional, { intent: 'close', ...change }));
  yield step(
    [
      exit(20_000, {}),
      exit(20_000, { reduce_only: true }),
      tool('close_position', { symbol }),
      tool('close_position', { symbol }),
    ],
    30,
  );
  yield step([exit(5_000, {}), tool('place_order', marketOrder(symbol, away, 5_000, { reduce_only: true }))], 30);
  yield step([tool('place_order', marketOrder(symbol, away, 300))], 30);
}

/** One request id with two bodies, from many connections, and again after the answer. */
function* reuseId(view: ScriptView): Script {
  const { random } = view;
  const symbol = random.pick(view.symbols);
  const side = addingSide(view, symbol);
  const id = `reuse-${Math.floor(random.next() * 1e9)}`;
  const order = (notional: number) => tool('place_order', marketOrder(symbol, side, notional, { request_id: id }));
  yield step([order(100), order(900), order(100), order(5_000), order(100)]);
  yield step([order(100), order(700)], 40);
  yield step(
    [tool('place_order', marketOrder(symbol, side, 100, { request_id: `${id} `, after_decision_id: 'd-000000-1' }))],
    40,
  );
}

const PLANS = [searchCap, split, race, collectAdvice, growOrder, abuseExits, reuseId] as const;
