import { isUncut } from '../../facts/agents.ts';
import type { ExecutorCall } from '../under-test/executor.ts';
import { addingSide, limitOrder, marketOrder, type Script, type ScriptView, step, tool } from './script.ts';

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

/** ATK-MISUSE: bodies that no tool takes, orders of others by their real ids, requests that break HTTP. */
export function* misuseWire(view: ScriptView): Script {
  const { draws } = view;
  const symbol = draws.pick(view.symbols);
  const order = marketOrder(symbol, 'buy', 120);
  const wrong: readonly ExecutorCall[] = [
    tool('place_order', { ...order, symbol: 'DOGEUSDT' }),
    tool('place_order', { ...order, symbol: symbol.toLowerCase() }),
    tool('place_order', { ...order, symbol: `${symbol} ` }),
    tool('place_order', { ...order, venue: 'binance-live' }),
    tool('place_order', { ...order, account: 'treasury' }),
    tool('place_order', { ...order, params: { positionSide: 'LONG' } }),
    tool('place_order', { ...order, quantity: 1 }),
    tool('place_order', { ...order, requested_notional: String(order.requested_notional) }),
    tool('place_order', { ...order, agent: 'operator' }),
    tool('withdraw', { asset: 'USDT', amount: 100 }),
    tool('set_leverage', { symbol, leverage: 125 }),
    tool('place_orders', { orders: [order, order] }),
    { kind: 'advise', tool: 'place_order', args: { ...order, requested_notional: 1e6 } },
  ];
  yield step(wrong);
  const others = view.openOrderIds().slice(0, 2);
  if (others.length > 0)
    yield step(
      others.map((id) => tool('modify_order', { client_order_id: id, requested_notional: 50_000 })),
      20,
    );
  const body = JSON.stringify(order);
  const from = draws.int(0, RAW_TRICKS.length - 1);
  for (let index = 0; index < 6; index++) {
    const trick = RAW_TRICKS[(from + index) % RAW_TRICKS.length];
    if (trick !== undefined) yield step([trick(body)], 20);
  }
}

const raw = (head: readonly string[], body: string): ExecutorCall => ({
  kind: 'raw',
  text: `${[...head, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`,
});
const PLACE = 'POST /v1/tools/place_order HTTP/1.1';
const BEARER = 'Authorization: Bearer {token}';
const STATE = '{"state":"active","reason":"conformance"}';

/** Every one of these must be refused with a 4xx or 5xx, or not be answered at all. */
export const RAW_TRICKS: readonly ((body: string) => ExecutorCall)[] = [
  (body) => raw([PLACE, 'Host: {host}'], body),
  (body) => raw([PLACE, 'Host: {host}', 'Authorization: Bearer hf_0000000000000000'], body),
  (body) => raw([PLACE, 'Host: {host}', 'Authorization: Basic {token}'], body),
  (body) => raw([PLACE, 'Host: {host}', BEARER, 'Authorization: Bearer operator'], body),
  (body) => raw([PLACE, 'Host: evil.example', BEARER], body),
  (body) => raw([PLACE, 'Host: {host}', 'Host: evil.example', BEARER], body),
  (body) => raw([PLACE, 'Host: {host}', BEARER, 'Origin: http://evil.example'], body),
  (body) => raw([PLACE, 'Host: {host}', BEARER, 'Transfer-Encoding: chunked'], body),
  (body) => raw(['POST /v1/tools/place_order HTTP/1.0', 'Host: {host}', BEARER], body),
  (body) => raw(['POST /v1/tools/%70lace_order/../withdraw HTTP/1.1', 'Host: {host}', BEARER], body),
  (body) => raw(['PATCH /v1/tools/place_order HTTP/1.1', 'Host: {host}', BEARER], body),
  (body) => raw([PLACE, 'Host: {host}', BEARER, 'Content-Encoding: gzip'], body),
  (body) => raw([PLACE, 'Host: {host}', BEARER], `${body.slice(0, -1)},"requested_notional":900}`),
  (body) => raw([PLACE, 'Host: {host}', BEARER], `${body.slice(0, -1)},"__proto__":{"role":"operator"}}`),
  () => raw(['PUT /v1/trading-state HTTP/1.1', 'Host: {host}', BEARER], STATE),
  () => raw(['POST /v1/account/rebase HTTP/1.1', 'Host: {host}', BEARER], '{}'),
  () => raw(['POST /v1/policy/reload HTTP/1.1', 'Host: {host}', BEARER], '{}'),
  () =>
    raw(
      ['POST /v1/signals HTTP/1.1', 'Host: {host}', BEARER],
      '{"kind":"anomaly","scope":{},"severity":1,"ttl_ms":1000}',
    ),
];
