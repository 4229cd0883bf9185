import type { Piece } from './draw.ts';

const POST = { method: 'POST', path: '/fapi/v1/order' };

/** The exchange shows what was, or refuses for a while what protects, as somebody acts upon it. */
export const BEHIND: readonly (readonly [number, Piece])[] = [
  // An order is changed, and the list shows its form of before.
  [
    0.7,
    (draw) => {
      const { agent, random } = draw;
      const fault = { kind: 'stale-list', ms: random.int(4_000, 9_000), match: { path: '/fapi/v1/openOrders' } };
      return [
        draw.step(draw.open(-random.int(30, 80)), 'answered'),
        draw.step({ kind: 'fault', fault }, random.int(12_000, 20_000)),
        draw.step({ kind: 'amend', agent, pick: 0, limitBps: -random.int(10, 29) }, random.int(100, 1_000)),
      ];
    },
  ],
  // The exchange says again and again that an exit reduces nothing, and there is room for it beside a take-profit.
  [
    0.5,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const refused = { kind: 'error', code: -2022, msg: 'ReduceOnly Order is rejected.', match: POST };
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 900 }, 'answered'),
        draw.step(
          { kind: 'exit', agent, symbol, share: 0.25, limitBps: -random.int(40, 90) },
          random.int(3_000, 9_000),
        ),
        draw.step({ kind: 'fault', fault: { ...refused, count: random.int(3, 5) } }, random.int(3_000, 9_000)),
        draw.step({ kind: 'close', agent, symbol, fraction: random.pick([0.25, 0.5]) }, 'parallel'),
        draw.step({ kind: 'wait' }, random.int(6_000, 12_000)),
      ];
    },
  ],
  // The mark stands still over a position that is to be cut.
  [
    0.5,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 4_500 }, 'answered'),
        draw.step({ kind: 'fault', fault: { kind: 'stale-market', ms: random.int(15_000, 40_000) } }, 9_000),
        draw.step({ kind: 'policy', edit: 'tighter_caps' }, random.int(2_500, 4_000)),
        draw.step({ kind: 'wait' }, random.int(25_000, 45_000)),
      ];
    },
  ],
  // From a cut on the account cannot be read, and the price goes on.
  [
    0.5,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const match = { method: 'GET', path: '/fapi/v3/account' };
      const fault = { kind: 'status', status: 502, match, count: random.int(10, 60) };
      const policy = { kind: 'policy', edit: 'tighter_caps' } as const;
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 4_500 }, 'answered'),
        { gap: { asked: 'account', ms: random.int(9_000, 12_000) }, do: policy },
        draw.step({ kind: 'fault', fault }, random.int(300, 900)),
        draw.step({ kind: 'mark', symbol, bps: 250 }, random.int(300, 900)),
        draw.step({ kind: 'wait' }, random.int(20_000, 45_000)),
      ];
    },
  ],
  // It is too busy for a stop.
  [
    0.7,
    (draw) => {
      const { random } = draw;
      const match = { method: 'POST', path: '/fapi/v1/algoOrder' };
      const fault = {
        kind: 'error',
        code: -1008,
        msg: 'Server is currently overloaded.',
        match,
        count: random.int(2, 4),
      };
      return [
        draw.step({ kind: 'fault', fault }, 'answered'),
        draw.step(draw.open(), 'parallel'),
        draw.step({ kind: 'wait' }, random.int(12_000, 25_000)),
      ];
    },
  ],
  // It shows an exit as open long after its end.
  [
    0.3,
    (draw) => {
      const { random } = draw;
      const fault = { kind: 'fill-lag', ms: random.int(5_000, 90_000), lagging: 'order', match: POST };
      return [
        draw.step(draw.open(), 'answered'),
        draw.step({ kind: 'fault', fault }, random.int(3_000, 9_000)),
        draw.step(draw.close(), 'parallel'),
        draw.step({ kind: 'wait' }, random.int(5_000, 70_000)),
      ];
    },
  ],
  // The answer to an order is lost, and neither look-ups nor the list of all orders know of it.
  [
    0.3,
    (draw) => {
      const { random } = draw;
      const path = '/fapi/v1/allOrders';
      const hides = { kind: 'not-found-after-accept', queries: random.int(4, 40), match: POST };
      return [
        draw.step({ kind: 'fault', fault: { kind: 'stale-list', ms: random.int(20_000, 120_000), match: { path } } }),
        draw.step({ kind: 'fault', fault: { kind: 'accept-then-timeout', match: POST, count: 1 } }, 1_000),
        draw.step({ kind: 'fault', fault: hides }, 'parallel'),
        draw.step(draw.anyOpen(), 'parallel'),
        draw.step({ kind: 'wait' }, random.int(15_000, 60_000)),
      ];
    },
  ],
];
