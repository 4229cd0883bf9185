import type { ExecutorCall } from '../executor.ts';
import { marketOrder, type Script, type ScriptView, step, tool } from '../script.ts';

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
