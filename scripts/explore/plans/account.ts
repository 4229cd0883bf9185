import type { Action, AgentName, Setting, Step, SymbolName } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Draw, Piece } from './draw.ts';
import { MOVES } from './moves.ts';

const ORDER = { method: 'POST', path: '/fapi/v1/order' } as const;
const STOP = { method: 'POST', path: '/fapi/v1/algoOrder' } as const;
const LISTED_STOPS = '/fapi/v1/openAlgoOrders';
const SYMBOLS: readonly SymbolName[] = ['BTCUSDT', 'ETHUSDT'];

function drawSetting({ random, symbol }: Draw): Setting {
  return random.weighted<Setting>([
    [5, { of: 'margin', symbol: random.chance(0.7) ? symbol : random.pick(SYMBOLS), to: 'CROSSED' }],
    [3, { of: 'multi_assets', isOn: true }],
    [3, { of: 'hedge_mode', isOn: true }],
    [2, { of: 'leverage', symbol, to: random.pick([1, 2, 5, 20, 50]) }],
  ]);
}
function back(setting: Setting): Setting {
  switch (setting.of) {
    case 'margin':
      return { ...setting, to: 'ISOLATED' };
    case 'leverage':
      return { ...setting, to: 1 };
    default:
      return { ...setting, isOn: false };
  }
}
const set = (setting: Setting): Action => ({ kind: 'setting', setting });

/** Nothing is held, and nothing rests: else the exchange changes no mode. */
function flat(draw: Draw): Step[] {
  const { random } = draw;
  return [draw.step({ kind: 'flatten' }), draw.step({ kind: 'state', state: 'active' }, random.int(3_000, 6_000))];
}

/** Openings in the time in which a change becomes known, or should have long. */
function opensAfter(draw: Draw, setting: Setting): Step[] {
  const { random } = draw;
  const isSlow = setting.of === 'multi_assets' || setting.of === 'hedge_mode';
  const steps = [draw.step(draw.anyOpen(), random.int(0, 6_000))];
  if (isSlow && random.chance(0.6)) steps.push(draw.step(draw.open(), random.int(30_000, 60_000)));
  steps.push(draw.step(draw.open(), random.int(8_000, 25_000)));
  if (random.chance(0.5)) steps.push(draw.step(draw.anyExit(), random.int(0, 4_000)));
  if (random.chance(0.6)) steps.push(draw.step(set(back(setting))), draw.step(draw.open(), random.int(2_000, 9_000)));
  return steps;
}

export function drawBegins(random: Random): readonly Setting[] {
  return random.weighted<readonly Setting[]>([
    [6, []],
    [1, [{ of: 'multi_assets', isOn: true }]],
    [1, [{ of: 'hedge_mode', isOn: true }]],
    [1, [{ of: 'margin', symbol: 'BTCUSDT', to: 'ISOLATED' }]],
    [1, [{ of: 'leverage', symbol: 'BTCUSDT', to: 50 }]],
  ]);
}

const MODES: readonly (readonly [number, Piece])[] = [
  [
    4,
    (draw) => {
      const { random } = draw;
      const setting = drawSetting(draw);
      return [...(random.chance(0.8) ? flat(draw) : []), draw.step(set(setting)), ...opensAfter(draw, setting)];
    },
  ],
  // As the account is read.
  [
    1,
    (draw) => {
      const setting = drawSetting(draw);
      return [...flat(draw), draw.step(set(setting), draw.amidReading()), ...opensAfter(draw, setting)];
    },
  ],
  // While nobody runs, or as the process dies.
  [
    2,
    (draw) => {
      const { random } = draw;
      const setting = drawSetting(draw);
      const downMs = random.pick([500, 1_500, 4_000]);
      return [
        ...(random.chance(0.8) ? flat(draw) : []),
        draw.step(random.chance(0.6) ? { kind: 'crash', downMs } : { kind: 'restart', downMs }),
        draw.step(set(setting), random.chance(0.3) ? 'parallel' : random.int(0, downMs)),
        ...opensAfter(draw, setting),
      ];
    },
  ],
  // The exchange refuses to put it back, or its answers are lost.
  [
    1,
    (draw) => {
      const { random } = draw;
      const setting = drawSetting(draw);
      const refused = { code: -4047, msg: 'Margin type cannot be changed if there exists open orders.' };
      const path = random.pick(['/fapi/v1/marginType', '/fapi/v1/positionSide/dual']);
      const fault = random.weighted<Readonly<Record<string, unknown>>>([
        [3, { kind: 'error', ...refused, match: { method: 'POST', path } }],
        [1, { kind: 'accept-then-timeout', match: { method: 'POST', path } }],
        [1, { kind: 'status', status: 500, match: { method: 'GET', path: '/fapi/v1/accountConfig' } }],
      ]);
      return [
        ...flat(draw),
        draw.step({ kind: 'fault', fault: { ...fault, count: random.int(1, 40) } }, 'parallel'),
        draw.step(set(setting)),
        ...opensAfter(draw, setting),
      ];
    },
  ],
];

/** Of an account that is worth less than its caps. */
export const SMALL_USDT = 3_000;

/** Most of what may be borrowed is, and then no more may be than there is: somebody opens in the other market. */
export const BORROWED_MOST: Piece = (draw) => {
  const { random, side } = draw;
  const open = (
    agent: AgentName,
    symbol: SymbolName,
    more: { readonly usdt: number; readonly leverage?: number },
  ): Action => ({
    kind: 'open',
    agent,
    symbol,
    side,
    ...more,
  });
  return [
    draw.step(open('alpha', 'BTCUSDT', { usdt: 4_500, leverage: 3 })),
    draw.step({ kind: 'signal', signal: 'injection', ttlMs: 30_000 }, random.int(9_000, 12_000)),
    draw.step(open('beta', 'ETHUSDT', { usdt: random.pick([200, 300]) }), random.int(500, 9_000)),
  ];
};

/** A stop fires, and the order that it became cannot be asked for: what it has executed the stop alone can tell. */
export const UNREAD: Piece = (draw) => {
  const { agent, random, side, symbol } = draw;
  const unread = { kind: 'drop-before', match: { method: 'GET', path: '/fapi/v1/order' }, count: random.int(20, 200) };
  return [
    draw.step({ kind: 'open', agent, symbol, side, usdt: random.pick([600, 900]) }),
    draw.step({ kind: 'fault', fault: unread }, random.int(3_000, 6_000)),
    draw.step(draw.against([320, 500]), 'parallel'),
    draw.step(draw.open(), random.int(500, 2_000)),
    draw.step(random.chance(0.5) ? draw.open() : draw.close(), random.int(1_000, 4_000)),
    draw.step({ kind: 'clear_faults' }, random.int(2_000, 9_000)),
  ];
};

const ANSWERS: readonly (readonly [number, Piece])[] = [
  [1, UNREAD],
  // A stop fires, amid what would open again.
  [
    3,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: random.pick([300, 900, 3_000]) }),
        ...(random.chance(0.5) ? [draw.step(draw.open(-random.int(250, 600)), 'answered')] : []),
        ...(random.chance(0.3)
          ? [draw.step({ kind: 'depth', symbol, usdt: random.pick([20, 60, 200]) }, 'answered')]
          : []),
        draw.step(draw.against([160, 320, 500]), random.int(2_000, 9_000)),
        ...(random.chance(0.5) ? [draw.step(draw.anyOpen(), random.int(0, 2_000))] : []),
        draw.step({ kind: 'wait' }, random.int(3_000, 25_000)),
      ];
    },
  ],
  // It fires, and the trades of that are listed later only.
  [
    2,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const stale = { kind: 'stale-list', match: { path: '/fapi/v1/userTrades' }, ms: random.int(5_000, 20_000) };
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: random.pick([300, 900]) }),
        draw.step({ kind: 'fault', fault: stale }, random.int(4_000, 9_000)),
        draw.step(draw.against([320, 500]), 'parallel'),
        draw.step(draw.anyOpen(), random.int(1_000, 6_000)),
        draw.step({ kind: 'wait' }, random.int(3_000, 15_000)),
      ];
    },
  ],
  // It is refused as it triggers, since the market stands still then.
  [
    1,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 900 }),
        draw.step({ kind: 'halt_market', symbol, forMs: random.int(500, 9_000) }, random.int(4_000, 9_000)),
        draw.step(draw.against([160, 320, 500]), 'parallel'),
        draw.step({ kind: 'wait' }, random.int(9_000, 12_000)),
        draw.step({ kind: 'wait' }, random.int(3_000, 25_000)),
      ];
    },
  ],
  // The stop itself is refused, lost, or unknown.
  [
    2,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const fault = random.weighted<Readonly<Record<string, unknown>>>([
        [2, { kind: 'error', code: -2021, msg: 'Order would immediately trigger.' }],
        [1, { kind: 'error', code: -4045, msg: 'Reach max stop order limit.' }],
        [1, { kind: 'error', code: -4509, msg: 'TIF GTE can only be used with open positions.' }],
        [1, { kind: 'error', code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' }],
        [1, { kind: 'error', code: -1008, msg: 'Server is currently overloaded.', http: 503 }],
        [2, { kind: 'accept-then-timeout' }],
        [2, { kind: 'reject-503-unknown', accepted: random.chance(0.5) }],
        [1, { kind: 'not-found-after-accept', queries: random.int(1, 5) }],
        [1, { kind: 'drop-before' }],
        [1, { kind: 'drop-mid-body' }],
        [1, { kind: 'status', status: random.pick([403, 500, 502]) }],
      ]);
      return [
        draw.step({
          kind: 'fault',
          fault: { ...fault, match: STOP, count: random.chance(0.3) ? 1_000 : random.int(1, 5) },
        }),
        draw.step({ kind: 'open', agent, symbol, side, usdt: 900 }, 'parallel'),
        draw.step({ kind: 'wait' }, random.int(3_000, 25_000)),
      ];
    },
  ],
  // None is known to rest for longer than three tries take, and nobody closes the position meanwhile.
  [
    3,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const fault = random.weighted<Readonly<Record<string, unknown>>>([
        [3, { kind: 'drop-before' }],
        [2, { kind: 'reject-503-unknown', accepted: false }],
        [2, { kind: 'status', status: random.pick([500, 502]) }],
        [1, { kind: 'error', code: -1007, msg: 'Timeout waiting for response from backend server.', http: 408 }],
        [3, { kind: 'error', code: -1008, msg: 'Server is currently overloaded.', http: 503 }],
      ]);
      return [
        draw.step({ kind: 'fault', fault: { ...fault, match: STOP, count: random.pick([4, 6, 1_000]) } }),
        draw.step({ kind: 'open', agent, symbol, side, usdt: 900 }, 'parallel'),
        draw.step({ kind: 'wait' }, random.int(48_000, 70_000)),
        ...(random.chance(0.3) ? [draw.step(draw.anyOpen(), 'answered')] : []),
      ];
    },
  ],
  // Its lists of orders cannot be read, from a start on, or for longer than openings go on without them.
  [
    2,
    (draw) => {
      const { random } = draw;
      const match = { method: 'GET', path: random.pick(['/fapi/v1/open*', '/fapi/v1/openOrders', LISTED_STOPS]) };
      const fault = random.weighted<Readonly<Record<string, unknown>>>([
        [2, { kind: 'drop-before' }],
        [2, { kind: 'status', status: random.pick([500, 502]) }],
        [1, { kind: 'error', code: -1008, msg: 'Server is currently overloaded.', http: 503 }],
      ]);
      const isAtStart = random.chance(0.6);
      const downMs = random.pick([500, 1_500]);
      return [
        ...(isAtStart ? [draw.step({ kind: 'crash', downMs })] : []),
        draw.step(
          { kind: 'fault', fault: { ...fault, match, count: isAtStart ? random.int(2, 60) : 200 } },
          'parallel',
        ),
        draw.step(draw.anyOpen(), random.int(2_000, 9_000)),
        draw.step(draw.anyExit(), random.int(0, 2_000)),
        draw.step(draw.anyOpen(), isAtStart ? random.int(2_000, 25_000) : random.int(65_000, 80_000)),
        draw.step(draw.anyOpen(), random.int(500, 9_000)),
      ];
    },
  ],
  // The exchange wants to be left alone, in the middle of something.
  [
    3,
    (draw) => {
      const { random } = draw;
      const match = random.pick([ORDER, { path: '/fapi/*' }, { method: 'GET', path: '/fapi/v3/*' }, STOP]);
      const fault = random.weighted<Readonly<Record<string, unknown>>>([
        [3, { kind: 'ban', ms: random.int(2_000, 15_000), factor: 1.1, match }],
        [1, { kind: 'status', status: 418, match }],
        [2, { kind: 'status', status: 418, retry_after_s: random.int(1, 20), match }],
        [2, { kind: 'status', status: 429, match, count: random.int(1, 3) }],
        [2, { kind: 'status', status: 429, retry_after_s: random.int(1, 20), match }],
        [2, { kind: 'status', status: 403, body: '<html>403 Forbidden</html>', match, count: random.int(1, 6) }],
      ]);
      return [
        draw.step({ kind: 'fault', fault }),
        draw.step(random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), 'parallel'),
        draw.step(draw.anyExit(), random.int(0, 3_000)),
        draw.step(draw.anyOpen(), random.int(0, 3_000)),
        ...(random.chance(0.4) ? [draw.step({ kind: 'flatten', symbol: draw.symbol }, random.int(0, 2_000))] : []),
        ...(random.chance(0.3) ? [draw.step({ kind: 'cancel_all', agent: draw.agent }, random.int(0, 2_000))] : []),
      ];
    },
  ],
];

const TAKEN_OVER: readonly (readonly [number, Piece])[] = [
  // Borrowed, and the market goes further than the margin: where it is volatile, two times is the most.
  [
    2,
    (draw) => {
      const { agent, random, setup, side, symbol } = draw;
      return [
        ...flat(draw),
        draw.step({ kind: 'open', agent, symbol, side, usdt: 900, leverage: 3 }),
        draw.step(draw.against([setup.regime === 'calm' ? 3_400 : 5_200]), random.int(9_000, 12_000)),
        draw.step(draw.anyExit(), random.int(0, 6_000)),
        draw.step(draw.against([-5_000]), random.int(1_000, 9_000)),
        draw.step(draw.anyOpen(), random.int(9_000, 25_000)),
      ];
    },
  ],
  [
    1,
    (draw) => {
      const { random, symbol } = draw;
      const fraction = random.pick([0.2, 0.5, 1]);
      return [
        draw.step(draw.open(), 'answered'),
        draw.step(
          { kind: 'deleverage', symbol, fraction },
          random.chance(0.4) ? draw.amidReading() : random.int(0, 4_000),
        ),
        draw.step(draw.anyExit(), random.int(0, 6_000)),
        draw.step(draw.anyOpen(), random.int(3_000, 25_000)),
      ];
    },
  ],
];

/** What happens at the exchange's account beside orders: a person's settings, money, odd answers, what it takes over. */
export const ACCOUNT: readonly (readonly [number, Piece])[] = [...MODES, ...MOVES, ...ANSWERS, ...TAKEN_OVER];
