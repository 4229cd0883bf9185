import { MOVE_TYPES } from '../../../daemon/exchange-sim/core/state.ts';
import type { Action, Setting, Step, SymbolName } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Draw, Piece } from './draw.ts';

const ORDER = { method: 'POST', path: '/fapi/v1/order' } as const;
const STOP = { method: 'POST', path: '/fapi/v1/algoOrder' } as const;
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

/** Into or out of the account; now and then so little that nobody looks for it at once. */
function move({ random, setup }: Draw): Step['do'] {
  const all = setup.account?.balanceUsdt ?? 100_000;
  const share = random.pick([-0.3, -0.05, -0.05, -0.01, -0.003, 0.002, 0.03, 0.1, 0.5, 2]);
  const type = random.chance(0.35) ? 'TRANSFER' : random.pick(MOVE_TYPES);
  return { kind: 'transfer', usdt: Math.round(all * share), type };
}

/** Against whoever holds what most agents hold. */
function against({ random, side, symbol }: Draw, bps: readonly number[]): Step['do'] {
  return { kind: 'mark', symbol, bps: (side === 'buy' ? -1 : 1) * random.pick(bps) };
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

const MOVES: readonly (readonly [number, Piece])[] = [
  [2, (draw) => [draw.step(move(draw)), ...(draw.random.chance(0.5) ? [draw.step(draw.anyOpen())] : [])]],
  // In the middle of a loss, and of another move.
  [
    3,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const steps = [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 3_000 }),
        draw.step(against(draw, [60, 120, 250, 400]), 'answered'),
        draw.step(move(draw)),
        ...(random.chance(0.4) ? [draw.step(move(draw))] : []),
        draw.step(draw.anyOpen(), random.int(500, 6_000)),
      ];
      if (random.chance(0.5)) steps.push(draw.step(against(draw, [-250, -120, 120, 250]), random.int(500, 9_000)));
      steps.push(draw.step(draw.anyOpen(), random.int(3_000, 70_000)), draw.step(draw.close(), random.int(500, 3_000)));
      return steps;
    },
  ],
  // While nobody runs.
  [
    2,
    (draw) => {
      const downMs = draw.random.pick([500, 1_500, 4_000]);
      return [
        draw.step(draw.random.chance(0.6) ? { kind: 'crash', downMs } : { kind: 'restart', downMs }),
        draw.step(move(draw), draw.random.int(0, downMs)),
        draw.step(draw.anyOpen(), draw.random.int(500, 9_000)),
      ];
    },
  ],
  // Around midnight.
  [
    0.5,
    (draw) => {
      const { random } = draw;
      return [
        draw.step({ kind: 'away', beforeMidnightMs: random.pick([20_000, 60_000]) }),
        draw.step(draw.open()),
        draw.step(move(draw), random.int(1_000, 60_000)),
        draw.step(draw.anyOpen(), random.int(5_000, 30_000)),
        draw.step(move(draw), random.int(1_000, 30_000)),
        draw.step(draw.anyOpen(), random.int(5_000, 30_000)),
      ];
    },
  ],
  // Its list is behind, or cannot be read.
  [
    2,
    (draw) => {
      const { random } = draw;
      const path = '/fapi/v1/income';
      const fault = random.weighted<Readonly<Record<string, unknown>>>([
        [3, { kind: 'stale-list', match: { path }, ms: random.int(2_000, 70_000) }],
        [1, { kind: 'drop-before', match: { path }, count: random.int(1, 4) }],
        [1, { kind: 'delay', ms: random.int(500, 9_000), match: { path }, count: random.int(1, 4) }],
      ]);
      return [
        draw.step({ kind: 'fault', fault }),
        draw.step(move(draw), 'parallel'),
        draw.step(draw.anyOpen(), random.int(1_000, 9_000)),
        ...(random.chance(0.5) ? [draw.step(draw.anyOpen(), random.int(30_000, 75_000))] : []),
      ];
    },
  ],
];

const ANSWERS: readonly (readonly [number, Piece])[] = [
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
        draw.step(against(draw, [160, 320, 500]), random.int(2_000, 9_000)),
        ...(random.chance(0.5) ? [draw.step(draw.anyOpen(), random.int(0, 2_000))] : []),
        draw.step({ kind: 'wait' }, random.int(3_000, 25_000)),
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
        draw.step(against(draw, [160, 320, 500]), 'parallel'),
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
        draw.step(against(draw, [setup.regime === 'calm' ? 3_400 : 5_200]), random.int(9_000, 12_000)),
        draw.step(draw.anyExit(), random.int(0, 6_000)),
        draw.step(against(draw, [-5_000]), random.int(1_000, 9_000)),
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
        draw.step({ kind: 'deleverage', symbol, fraction }, random.int(0, 4_000)),
        draw.step(draw.anyExit(), random.int(0, 6_000)),
        draw.step(draw.anyOpen(), random.int(3_000, 25_000)),
      ];
    },
  ],
];

/** What happens at the exchange's account beside orders: a person's settings, money, odd answers, what it takes over. */
export const ACCOUNT: readonly (readonly [number, Piece])[] = [...MODES, ...MOVES, ...ANSWERS, ...TAKEN_OVER];
