import type { Action, WireFault } from '../plan.ts';
import type { Random } from '../random.ts';

const ORDER_PATH = '/fapi/v1/order';

/** That is away for a while: the answer of an order, of reads, or of everything. */
export function drawFault(random: Random): Action {
  const order = { match: { method: 'POST', path: ORDER_PATH } };
  const orders = { match: { path: `${ORDER_PATH}*` } };
  const lists = {
    match: {
      method: 'GET',
      path: random.pick(['/fapi/v1/openOrders', '/fapi/v1/userTrades', '/fapi/v3/*', ORDER_PATH, '/fapi/*']),
    },
  };
  return {
    kind: 'fault',
    fault: random.weighted<Readonly<Record<string, unknown>>>([
      [6, { kind: 'accept-then-timeout', ...order, count: random.int(1, 2) }],
      [2, { kind: 'accept-then-timeout', match: { method: random.pick(['DELETE', 'PUT']), path: ORDER_PATH } }],
      [2, { kind: 'reject-503-unknown', accepted: random.chance(0.5), ...order }],
      [2, { kind: 'drop-before', ...orders, count: random.int(1, 3) }],
      [2, { kind: 'drop-mid-body', ...orders }],
      [1, { kind: 'stall-body', ...order }],
      [3, { kind: 'delay', ms: random.int(200, 6_000), ...orders, count: random.int(1, 3) }],
      [2, { kind: 'partial-fill', fraction: random.pick([0, 0.3, 0.5, 0.9]), ...order, count: random.int(1, 3) }],
      [2, { kind: 'not-found-after-accept', queries: random.int(1, 4), ...order }],
      [2, { kind: 'fill-lag', ms: random.int(500, 6_000), lagging: random.pick(['account', 'order']), ...order }],
      [2, { kind: 'stale-positions', ms: random.int(1_000, 9_000) }],
      [1, { kind: 'stale-market', ms: random.int(1_000, 9_000) }],
      [1, { kind: 'disconnect', ms: random.int(500, 6_000) }],
      [1, { kind: 'status', status: 429, retry_after_s: random.int(1, 5), ...orders }],
      [1, { kind: 'status', status: 418, retry_after_s: random.int(2, 8), match: { path: '/fapi/*' } }],
      [1, { kind: 'error', code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.', ...orders }],
      [1, { kind: 'error', code: -2022, msg: 'ReduceOnly Order is rejected.', ...order }],
      [
        1,
        {
          kind: 'error',
          code: -4131,
          msg: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
          ...order,
          count: random.int(1, 2),
        },
      ],
      [1, { kind: 'error', code: -2010, msg: 'Order would immediately trigger.', ...order }],
      [2, { kind: 'drop-before', ...lists, count: random.int(1, 8) }],
      [2, { kind: 'delay', ms: random.int(500, 9_000), ...lists, count: random.int(1, 6) }],
      [
        1,
        {
          kind: 'status',
          status: 500,
          match: { path: random.pick(['/fapi/v1/exchangeInfo', '/fapi/v1/openOrders', '/fapi/*']) },
          count: random.int(1, 12),
        },
      ],
    ]),
  };
}

export function drawWire(random: Random): Action {
  const path = random.pick([ORDER_PATH, ORDER_PATH, '/fapi/v1/openOrders', '/fapi/v']);
  const wire: WireFault = random.chance(0.7)
    ? { kind: 'late_answer', path, count: random.int(1, 4), ms: random.int(300, 9_500) }
    : { kind: 'refused', path, count: random.int(1, 6), ms: 0 };
  return { kind: 'wire', wire };
}
