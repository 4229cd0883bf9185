import type { Step } from '../plan.ts';
import { BEHIND } from './behind.ts';
import { type Draw, type Piece, restingOpenings } from './draw.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * What reaches the views that age, and figures that few worlds move: the daemon is away for hours or days, orders fill in
 * parts while they rest, prices crash, leverage is asked for, an operator measures drawdown anew or ends a signal, orders
 * rest against the position, cancels hang, and words of the operator meet changes of orders.
 */
export const RARITIES: readonly (readonly [number, Piece])[] = [
  ...BEHIND,
  // Windows of a day, of two and of a week lie between what was and what comes.
  [
    0.7,
    (draw) => {
      const { random } = draw;
      const steps: Step[] = [draw.step(draw.anyOpen()), draw.step(draw.close(), random.int(500, 6_000))];
      const times = random.pick([1, 1, 2, 3]);
      for (let time = 0; time < times; time += 1) {
        const forMs = random.pick([
          HOUR_MS + 5_000,
          5 * HOUR_MS,
          DAY_MS - 90_000,
          DAY_MS + HOUR_MS,
          49 * HOUR_MS,
          8 * DAY_MS,
        ]);
        steps.push(draw.step({ kind: 'away', forMs }), draw.step(draw.close(), random.int(1_000, 9_000)));
        steps.push(draw.step(draw.open()), draw.step(random.chance(0.6) ? draw.anyExit() : draw.anyOpen()));
      }
      return steps;
    },
  ],
  // The process dies beside orders at rest, and the market moves before anybody starts it again.
  [
    1,
    (draw) => {
      const { random, symbol } = draw;
      const downMs = random.pick([20_000, 60_000, 150_000, 400_000, 720_000, HOUR_MS]);
      const movedMs = random.int(1_000, downMs - 1_000);
      return [
        ...restingOpenings(draw),
        draw.step({ kind: 'crash', downMs }, 'answered'),
        draw.step({ kind: 'mark', symbol, bps: random.pick([-120, -60, 60, 120]) }, movedMs),
        draw.step({ kind: 'wait' }, downMs - movedMs + random.int(0, 5_000)),
        draw.step(draw.anyExit()),
      ];
    },
  ],
  // An order rests, and fills bit by bit, amid whatever is done with it.
  [
    2.5,
    (draw) => {
      const { random, symbol } = draw;
      const rests = random.chance(0.6) ? draw.open(-random.int(10, 60)) : draw.exit(-random.int(10, 60));
      const partial = (): Step =>
        draw.step({ kind: 'partial', symbol, pick: random.int(0, 2), fraction: random.pick([0.2, 0.5, 0.8, 1]) });
      return [
        draw.step(rests),
        partial(),
        ...(random.chance(0.7) ? [change(draw)] : []),
        ...(random.chance(0.5) ? [partial()] : []),
      ];
    },
  ],
  // A crash, or a rise, in steps that a reading of bars or a liquidation price may notice.
  [
    0.7,
    (draw) => {
      const { random, symbol } = draw;
      const bps = random.pick([-1, 1]) * random.pick([300, 500, 900]);
      const move = (): Step => draw.step({ kind: 'mark', symbol, bps }, random.int(200, 5_000));
      return [move(), move(), ...(random.chance(0.5) ? [move(), move()] : []), draw.step(draw.anyExit())];
    },
  ],
  [1, (draw) => [draw.step({ ...draw.open(), leverage: draw.random.pick([2, 3, 3, 10]) } as Step['do'])]],
  // Borrowed, and the market goes against it.
  [
    0.7,
    (draw) => {
      const { random, side, symbol } = draw;
      const bps = (side === 'buy' ? -1 : 1) * random.pick([100, 300, 450]);
      return [
        draw.step({ kind: 'open', agent: draw.agent, symbol, side, usdt: 900, leverage: 3 }),
        draw.step({ kind: 'mark', symbol, bps }, random.int(1_000, 9_000)),
        draw.step({ kind: 'mark', symbol, bps }, random.int(1_000, 4_000)),
        draw.step(draw.close(), random.int(9_000, 20_000)),
      ];
    },
  ],
  // An order of the other way round rests beside a position and its exit.
  [
    1,
    (draw) => {
      const { agent, random, symbol } = draw;
      const side = draw.side === 'buy' ? 'sell' : 'buy';
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: draw.usdt(), limitBps: -random.int(20, 60) }, 'answered'),
        draw.step(draw.open()),
        draw.step(random.chance(0.7) ? draw.close() : draw.exit(), random.int(0, 3_000)),
      ];
    },
  ],
  // An exit is changed in the turn in which the operator says something.
  [
    1.2,
    (draw) => {
      const { agent, random } = draw;
      const state = random.pick(['halted', 'reducing', 'reducing'] as const);
      return [
        draw.step(draw.exit(-random.int(10, 60))),
        draw.step({ kind: 'amend', agent, pick: 0, limitBps: -random.int(5, 60) }, 'answered'),
        draw.step({ kind: 'state', state }, random.chance(0.8) ? 'parallel' : random.int(0, 20)),
        draw.step({ kind: 'state', state: 'active' }, random.int(2_000, 9_000)),
      ];
    },
  ],
  // A cancel that makes room hangs.
  [
    0.7,
    (draw) => {
      const match = { method: 'DELETE', path: '/fapi/v1/order' };
      const fault = draw.random.pick([
        { kind: 'accept-then-timeout', match },
        { kind: 'delay', ms: 7_000, match },
        // None of them arrives for a while.
        { kind: 'drop-before', match, count: 20 },
      ]);
      return [
        draw.step(draw.exit(-draw.random.int(10, 60))),
        draw.step({ kind: 'fault', fault }, 'answered'),
        draw.step(draw.close(), draw.random.int(0, 9_000)),
      ];
    },
  ],
  // All cancels hang for longer than an exit is refused eight times, and what rests covers all that is to be closed.
  [
    1,
    (draw) => {
      const { agent, random, symbol } = draw;
      const match = { method: 'DELETE', path: '/fapi/v1/order' };
      const fault = random.pick([
        { kind: 'delay', ms: 25_000, match, count: 12 },
        { kind: 'drop-before', match, count: 60 },
        { kind: 'status', status: 403, match, count: 12 },
      ]);
      return [
        draw.step(draw.open(), random.int(1_000, 9_000)),
        draw.step({ kind: 'exit', agent, symbol, share: 1, limitBps: -random.int(40, 90) }, random.int(9_000, 12_000)),
        draw.step({ kind: 'fault', fault }, 'answered'),
        draw.step({ kind: 'close', agent, symbol }, random.int(0, 1_000)),
        draw.step({ kind: 'wait' }, random.int(20_000, 40_000)),
      ];
    },
  ],
  // A start that cannot read what rests, and an opening meanwhile.
  [
    0.7,
    (draw) => {
      const { random } = draw;
      const path = random.pick(['/fapi/v1/openOrders', '/fapi/v1/openAlgoOrders']);
      const fault = { kind: 'status', status: 500, match: { path }, count: random.int(10, 60) };
      return [
        draw.step({ kind: 'restart', downMs: random.int(500, 4_000), leaveOrders: true }, random.int(1_000, 9_000)),
        draw.step({ kind: 'fault', fault }, 'parallel'),
        draw.step(draw.open(), random.int(2_000, 5_000)),
        draw.step(draw.anyOpen(), random.int(500, 5_000)),
      ];
    },
  ],
  // A book that is empty for a while, so that a cut closes a part of what is above its cap, or nothing.
  [
    0.7,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const match = { method: 'POST', path: '/fapi/v1/order' };
      const thin = (fraction: number, count: number): Step['do'] => ({
        kind: 'fault',
        fault: { kind: 'partial-fill', fraction, match, count },
      });
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 4_500 }),
        draw.step(thin(random.pick([0, 0.3, 0.7]), 1), random.int(1_000, 9_000)),
        draw.step(thin(0, random.int(2, 5)), 'parallel'),
        draw.step({ kind: 'policy', edit: 'tighter_caps' }, 'parallel'),
        draw.step({ kind: 'wait' }, random.int(9_000, 25_000)),
      ];
    },
  ],
  // An exit hangs at the exchange while trading is halted, or while another one takes its place.
  [
    1,
    (draw) => {
      const { random } = draw;
      const match = { method: 'POST', path: '/fapi/v1/order' };
      const fault = { kind: 'execute-late', ms: random.int(300, 6_000), match, count: random.int(1, 3) };
      return [
        draw.step({ kind: 'fault', fault }, 'answered'),
        draw.step(draw.anyExit(), 'parallel'),
        random.chance(0.6)
          ? draw.step({ kind: 'state', state: 'halted' }, random.int(0, 3_000))
          : draw.step(draw.anyExit(), random.int(0, 3_000)),
        draw.step({ kind: 'state', state: 'active' }, random.int(1_000, 9_000)),
      ];
    },
  ],
  // A take-profit for each lot that is held, and one more.
  [
    1,
    (draw) => {
      const { agent, random, side } = draw;
      const symbol = 'BTCUSDT';
      const lots = random.int(3, 14);
      return [
        draw.step({ kind: 'close', agent, symbol }),
        draw.step({ kind: 'open', agent, symbol, side, usdt: 62 * lots }, 'answered'),
        draw.step({ kind: 'ladder', agent, symbol, count: lots }, random.int(3_000, 9_000)),
        draw.step(
          { kind: 'exit', agent, symbol, share: random.pick([0.05, 0.1, 0.3]), limitBps: -random.int(20, 90) },
          random.int(3_000, 9_000),
        ),
      ];
    },
  ],
  // One that calls too often wants back what the exchange has refused so far.
  [
    0.7,
    (draw) => {
      const { agent, random, symbol } = draw;
      const match = { method: 'POST', path: '/fapi/v1/order' };
      const fault = {
        kind: 'error',
        code: -2022,
        msg: 'ReduceOnly Order is rejected.',
        match,
        count: random.int(1, 4),
      };
      return [
        draw.step({ kind: 'fault', fault }, 'answered'),
        draw.step(draw.exit(-random.int(10, 60)), 'parallel'),
        draw.step({ kind: 'flood', agent, what: 'scope', count: 120 }, random.int(50, 1_000)),
        draw.step({ kind: 'cancel_all', agent, symbol }, 'parallel'),
      ];
    },
  ],
  [0.4, () => [{ gap: 1_000, do: { kind: 'rebase' } }]],
  // A signal that is ended before its time, and an opening.
  [
    0.7,
    (draw) => {
      const { agent, random, symbol } = draw;
      const signal = random.pick(['injection', 'narrative', 'anomaly'] as const);
      const scope = random.pick([{}, { agent }, { symbol }, { agent, symbol }]);
      return [
        draw.step({ kind: 'signal', signal, ttlMs: random.int(5_000, 60_000), ...scope }),
        draw.step(draw.anyOpen(), random.int(100, 3_000)),
        draw.step({ kind: 'end_signals' }, random.int(100, 4_000)),
        draw.step(draw.anyOpen(), random.int(100, 3_000)),
      ];
    },
  ],
  // The exchange's clock is off, for long enough that it is noticed.
  [
    5,
    (draw) => {
      const { random } = draw;
      const fault = { kind: 'clock-jump', by_ms: random.pick([-2_500, -1_500, -300, 300, 1_500, 2_500]) };
      return [
        draw.step({ kind: 'fault', fault }),
        draw.step(draw.anyOpen(), random.int(0, 3_000)),
        draw.step(draw.anyOpen(), random.int(5_000, 40_000)),
      ];
    },
  ],
  // Lists of before, orders that are executed late, a ban.
  [
    1.2,
    (draw) => {
      const { random } = draw;
      const path = random.pick([
        '/fapi/v1/openOrders',
        '/fapi/v1/openAlgoOrders',
        '/fapi/v3/account',
        '/fapi/v1/userTrades',
      ]);
      const fault = random.weighted<Readonly<Record<string, unknown>>>([
        [3, { kind: 'stale-list', match: { path }, ms: random.int(1_000, 9_000) }],
        [2, { kind: 'execute-late', ms: random.int(300, 6_000), match: { method: 'POST', path: '/fapi/v1/order' } }],
        [1, { kind: 'late-trades', ms: random.int(200, 9_000), match: { method: 'POST', path: '/fapi/v1/order' } }],
      ]);
      return [
        draw.step({ kind: 'fault', fault }),
        draw.step(random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), 'parallel'),
      ];
    },
  ],
];

function change(draw: Draw): Step {
  const { agent, random } = draw;
  const pick = random.int(0, 1);
  return draw.step(
    random.weighted([
      [3, { kind: 'amend', agent, pick, factor: random.pick([0.4, 0.7, 1.4]), limitBps: -random.int(5, 60) }],
      [2, { kind: 'amend', agent, pick, factor: random.pick([0.4, 0.7, 1.4]) }],
      [1, { kind: 'cancel', agent, pick }],
      [2, draw.anyExit()],
    ] as const),
  );
}
