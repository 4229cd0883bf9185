import type { Action, AgentName, SideName, Step, SymbolName } from '../plan.ts';
import type { Draw } from './draw.ts';
import type { Situation } from './situation.ts';
import { CUTS } from './situations-cuts.ts';

const ORDER_PATH = '/fapi/v1/order';
const POST = { method: 'POST', path: ORDER_PATH } as const;
const REFUSED = { kind: 'error', code: -2022, msg: 'ReduceOnly Order is rejected.' };
const BUSY = { kind: 'error', code: -1008, msg: 'Server is currently overloaded.' };
const OUT_OF_BAND = {
  kind: 'error',
  code: -4131,
  msg: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
};
/** Refusals that no further try mends, and answers that leave open what became of an order. */
const FOR_GOOD = [-4067, -2018, -1111, -4003];
const UNTOLD = [
  { kind: 'accept-then-timeout' },
  { kind: 'drop-mid-body' },
  { kind: 'reject-503-unknown', accepted: false },
  { kind: 'reject-503-unknown', accepted: true },
  { kind: 'error', code: -1007, msg: 'Timeout waiting for response from backend server.' },
] as const;

/** The same, where nothing came of it. */
const UNTAKEN = [
  { kind: 'reject-503-unknown', accepted: false },
  { kind: 'error', code: -4115, msg: 'Refused for -4115.' },
] as const;

const fault = (what: object): Action => ({ kind: 'fault', fault: { ...what } });
const otherOf = (symbol: SymbolName): SymbolName => (symbol === 'BTCUSDT' ? 'ETHUSDT' : 'BTCUSDT');
const against = (side: SideName): SideName => (side === 'buy' ? 'sell' : 'buy');

function open(draw: Draw, usdt: number, more: Partial<Extract<Action, { readonly kind: 'open' }>> = {}): Action {
  const { agent, side, symbol } = draw;
  return { kind: 'open', agent, side, symbol, usdt, ...more };
}
/** Somebody holds, and it has been read. */
const held = (draw: Draw, usdt = draw.random.pick([300, 600, 900])): Step => draw.step(open(draw, usdt), 'answered');

/** A flatten that cannot end yet, and further words of the operator. */
const FLATTENS: Situation = {
  setup: (setup, random) => ({ ...setup, onBreach: random.chance(0.5) ? 'hold' : setup.onBreach }),
  play: (draw) => {
    const { random, symbol } = draw;
    const cause = random.weighted<Action>([
      [4, fault({ ...random.pick([BUSY, REFUSED]), match: POST, count: 10_000 })],
      [2, fault({ kind: 'drop-before', match: POST, count: 10_000 })],
      [2, { kind: 'halt_market', symbol, forMs: random.int(3_000, 12_000) }],
      [1, { kind: 'depth', symbol, usdt: 20 }],
    ]);
    const word = random.weighted<Action>([
      [4, { kind: 'state', state: 'reducing' }],
      [1, { kind: 'state', state: 'halted' }],
      [1, { kind: 'flatten' }],
      [1, { kind: 'state', state: 'reducing', symbol }],
      [1, { kind: 'restart', downMs: 500 }],
    ]);
    return [
      held(draw),
      draw.step(cause, random.int(3_000, 20_000)),
      draw.step({ kind: 'flatten', ...(random.chance(0.3) ? { symbol } : {}) }, random.int(0, 500)),
      draw.step(word, random.int(500, 6_000)),
      draw.step({ kind: 'clear_faults' }, random.int(500, 6_000)),
      draw.step({ kind: 'wait' }, random.int(9_000, 20_000)),
    ];
  },
};

/** Openings and take-profits fill the exchange's limit on open orders, and something is to be closed at once. */
const FULL: Situation = {
  setup: (setup, random) => ({ ...setup, maxOrders: random.pick([4, 6, 8]), maxOpenings: 20, stopBps: null }),
  play: (draw) => {
    const { agent, random, setup, symbol } = draw;
    const most = setup.maxOrders ?? 4;
    const openings = random.int(1, most / 2);
    return [
      held(draw, 900),
      ...Array.from({ length: openings }, (_, index) =>
        draw.step(open(draw, 130, { limitBps: -random.int(40 + 10 * index, 49 + 10 * index) }), 1_500),
      ),
      draw.step({ kind: 'ladder', agent, symbol, count: most - openings }, 'answered'),
      draw.step(
        { kind: 'close', agent, symbol, ...(random.chance(0.8) ? { fraction: random.pick([0.25, 0.5, 0.7]) } : {}) },
        random.int(6_000, 12_000),
      ),
      draw.step({ kind: 'wait' }, random.int(9_000, 25_000)),
    ];
  },
};

/** What rests is as large as may be, the mark makes it larger, and then something happens that tightens nothing for it. */
const NEARLY: Situation = {
  setup: (setup) => ({
    ...setup,
    regime: 'volatile',
    caps: { order: 5_000, symbol: 10_000, gross: 15_000 },
    concentration: { share: 0.7, floorUsdt: 700 },
  }),
  play: (draw) => {
    const { random } = draw;
    // Of small lots, and of a purchase, which a mark that rises makes larger.
    const [side, symbol] = ['buy', 'ETHUSDT'] as const;
    const again = random.weighted<Action>([
      [
        4,
        {
          kind: 'signal',
          signal: random.pick(['injection', 'narrative', 'anomaly'] as const),
          ttlMs: random.pick([30_000, 90_000]),
          ...random.pick([{ agent: draw.other }, { symbol: otherOf(symbol) }, { agent: draw.other, symbol }]),
        },
      ],
      [3, { kind: 'policy', edit: 'looser_caps' }],
      [1, { kind: 'state', state: 'reducing', agent: draw.other }],
    ]);
    return [
      draw.step(open(draw, random.int(6_970, 6_995) / 10, { side, symbol, limitBps: -random.int(40, 60) }), 'answered'),
      draw.step({ kind: 'mark', symbol, bps: random.int(15, 35) }, random.int(8_000, 10_000)),
      draw.step(again, random.int(8_000, 12_000)),
      draw.step({ kind: 'wait' }, random.int(4_000, 12_000)),
    ];
  },
};

/** What is held in one symbol lets more rest in the other; it comes and goes, between two looks or not. */
const COUNTERWEIGHT: Situation = {
  setup: (setup) => ({
    ...setup,
    regime: 'calm',
    onBreach: 'cancel_opening',
    caps: { order: 5_000, symbol: 10_000, gross: 15_000 },
    concentration: { share: 0.7, floorUsdt: 700 },
  }),
  play: (draw) => {
    const { agent, random, side, symbol } = draw;
    const other = draw.other;
    const usdt = random.pick([500, 600, 900]);
    return [
      draw.step({ kind: 'open', agent: other, symbol: otherOf(symbol), side, usdt }, random.int(2_000, 9_000)),
      draw.step(open(draw, usdt * 3, { agent, limitBps: -random.int(10, 40) }), 'answered'),
      draw.step(
        { kind: 'close', agent: other, symbol: otherOf(symbol) },
        random.pick(['answered', 'answered', random.int(0, 3_000)]),
      ),
      draw.step({ kind: 'wait' }, random.int(20_000, 30_000)),
    ];
  },
};

/** An exit that is refused for long, for one reason or several, beside orders of which nobody knows what became. */
const REFUSALS: Situation = {
  setup: (setup) => ({ ...setup, stopBps: null, exitRate: { max: 30, windowMs: 20_000 } }),
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const code = random.pick(FOR_GOOD);
    const forGood = { kind: 'error', code, msg: `Refused for ${code}.` };
    const queued = random.weighted<readonly object[]>([
      [2, [{ ...OUT_OF_BAND, count: random.int(9, 40) }]],
      [
        4,
        [
          { ...random.pick(UNTAKEN), count: random.int(2, 4) },
          { ...forGood, count: 5 },
        ],
      ],
      [1, [random.pick(UNTOLD), { ...forGood, count: 5 }]],
      [
        3,
        [
          { ...REFUSED, count: random.int(1, 2) },
          { ...random.pick([forGood, OUT_OF_BAND, BUSY]), count: 6 },
        ],
      ],
      [1, [{ ...REFUSED, count: random.int(3, 9) }]],
    ]);
    const rests = random.chance(0.5);
    return [
      held(draw),
      ...(rests
        ? [
            draw.step(
              { kind: 'exit', agent, symbol, share: random.pick([0.5, 1]), limitBps: -random.int(40, 90) },
              random.int(2_000, 6_000),
            ),
          ]
        : []),
      ...queued.map((each, index) =>
        draw.step(fault({ ...each, match: POST }), index === 0 ? random.int(1_000, 6_000) : 'parallel'),
      ),
      draw.step(
        {
          kind: 'close',
          agent,
          symbol,
          ...(random.chance(0.4) ? { slippageBps: random.pick([5, 10, 40]) } : {}),
          ...(random.chance(0.3) ? { fraction: 0.5 } : {}),
        },
        random.int(0, 300),
      ),
      draw.step({ kind: 'wait' }, random.int(10_000, 35_000)),
    ];
  },
};

/** An agent that has called too often for its refusals to be heard cancels what it asked for. */
const FLOODED: Situation = {
  setup: (setup) => setup,
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const isExit = random.chance(0.6);
    return [
      held(draw),
      ...(isExit
        ? [draw.step(fault({ ...REFUSED, match: POST, count: random.int(2, 5) }), random.int(1_000, 4_000))]
        : []),
      draw.step(
        isExit
          ? { kind: 'exit', agent, symbol, share: 1, limitBps: -random.int(20, 60) }
          : open(draw, 300, { limitBps: -random.int(20, 60) }),
        'parallel',
      ),
      draw.step({ kind: 'flood', agent, what: 'scope', count: 120 }, random.int(50, 1_000)),
      draw.step(
        random.chance(0.6) ? { kind: 'cancel_all', agent, symbol } : { kind: 'cancel', agent, pick: 0 },
        'parallel',
      ),
      draw.step({ kind: 'wait' }, random.int(3_000, 9_000)),
    ];
  },
};

/** Everything in one turn: what opens, what closes a part, what the operator says. */
const ONE_TURN: Situation = {
  setup: (setup, random) => ({ ...setup, noise: random.pick([0, 1, 2]) }),
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const halts: Action = { kind: 'state', state: 'halted' };
    const rests = (): Action => open(draw, 300, { limitBps: -random.int(5, 40) });
    const part = (): Action => ({ kind: 'close', agent, symbol, fraction: random.pick([0.1, 0.3, 0.5]) });
    const turn = (): readonly Action[] =>
      random.weighted<() => readonly Action[]>([
        [4, () => [rests(), part()]],
        [2, () => [open(draw, 300), part()]],
        [2, () => [draw.exit(-random.int(5, 40), 0.3), halts]],
        [2, () => [part(), halts]],
        [1, () => [halts, part()]],
      ])();
    return [
      held(draw),
      draw.step(open(draw, 300), 'answered'),
      ...[0, 1, 2].flatMap(() => {
        const [first, ...others] = turn();
        return [
          draw.step(first as Action, random.int(300, 4_000)),
          ...others.map((other) => draw.step(other, random.chance(0.8) ? 'parallel' : random.int(1, 12))),
          ...(others.includes(halts) ? [draw.step({ kind: 'state', state: 'active' }, random.int(500, 4_000))] : []),
        ];
      }),
    ];
  },
};

/** The process dies within a moment of what it was asked for. */
const DIES: Situation = {
  setup: (setup) => setup,
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const at = {
      what: random.pick(['commit', 'commit', 'request'] as const),
      n: random.int(1, 3),
      after: random.chance(0.6),
    };
    const asked = random.weighted<Action>([
      [3, { kind: 'cancel', agent, pick: 0 }],
      [3, { kind: 'cancel_all', agent, symbol }],
      [1, { kind: 'amend', agent, pick: 0, limitBps: -random.int(10, 30) }],
      [1, { kind: 'close', agent, symbol }],
    ]);
    const downMs = random.pick([200, 1_500, 4_000]);
    // What is asked for while nobody knows yet that the order is there.
    if (random.chance(0.5))
      return [
        draw.step(fault({ kind: 'delay', ms: random.int(2_000, 6_000), match: POST })),
        draw.step(open(draw, 300, { limitBps: -random.int(30, 80) }), 'parallel'),
        draw.step(asked, random.int(100, 1_500)),
        draw.step({ kind: 'crash', downMs }, random.int(10, 1_000)),
        draw.step({ kind: 'wait' }, random.int(6_000, 15_000)),
      ];
    return [
      ...(random.chance(0.4) ? [held(draw)] : []),
      draw.step(open(draw, 300, { limitBps: -random.int(30, 80) }), 'answered'),
      draw.step({ kind: 'crash', at, downMs }, random.int(2_000, 6_000)),
      draw.step(asked, 'parallel'),
      draw.step({ kind: 'wait' }, random.int(6_000, 15_000)),
    ];
  },
};

/** An opening in slices, of which some were sent and others were not, and its agent wants less of it. */
const SLICED: Situation = {
  setup: (setup) => ({ ...setup, regime: 'volatile' }),
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const less = random.weighted<Action>([
      [5, { kind: 'cancel', agent, pick: random.int(0, 3) }],
      [1, { kind: 'cancel_all', agent, symbol }],
      [1, { kind: 'amend', agent, pick: 3, factor: 0.7 }],
      [1, { kind: 'close', agent, symbol, fraction: 0.5 }],
    ]);
    return [0, 1].flatMap(() => [
      draw.step(
        open(draw, random.pick([900, 1_500]), random.chance(0.7) ? { limitBps: -random.int(20, 60) } : {}),
        'answered',
      ),
      draw.step(less, random.int(500, 5_000)),
      draw.step({ kind: 'wait' }, random.int(6_000, 9_000)),
    ]);
  },
};

/** Trades are listed later than others that came after them, amid gains and losses. */
const LATE_TRADES: Situation = {
  setup: (setup) => ({ ...setup, stopBps: null }),
  play: (draw) => {
    const { agent, random, side, symbol } = draw;
    const late = (): Step =>
      draw.step(fault({ kind: 'late-trades', ms: random.int(4_000, 14_000), match: POST }), random.int(1_000, 5_000));
    const moves = (): Step =>
      draw.step({ kind: 'mark', symbol, bps: random.pick([-200, -60, 60, 200]) }, random.int(500, 4_000));
    const again = { kind: 'open', agent, symbol, side, usdt: 300 } as const;
    const isOpening = random.chance(0.5);
    return [
      ...(isOpening ? [late()] : []),
      draw.step(open(draw, 600), random.pick(['answered', 100])),
      ...(isOpening ? [] : [moves(), late()]),
      draw.step(
        { kind: 'close', agent, symbol, ...(random.chance(0.2) ? { fraction: 0.5 } : {}) },
        isOpening ? 'answered' : 100,
      ),
      draw.step(isOpening ? { ...again, symbol: otherOf(symbol), limitBps: -10 } : again, random.int(100, 4_000)),
      ...(random.chance(0.5) ? [moves(), draw.step(open(draw, 300), random.int(500, 3_000))] : []),
      draw.step({ kind: 'wait' }, 70_000),
    ];
  },
};

/** The exchange shows the market of before, as a bar closes. */
const BARS: Situation = {
  setup: (setup) => ({ ...setup, policy: { ...setup.policy, 'market.bar_ms': 60_000 } }),
  play: (draw) => {
    const { random } = draw;
    const moves = (gap: Step['gap']): Step =>
      draw.step({ kind: 'mark', symbol: draw.symbol, bps: random.pick([-25, -8, 8, 25]) }, gap);
    // The first one closes a minute after the world has begun.
    return [0, 1].flatMap((bar) => [
      moves(bar === 0 ? random.int(44_000, 48_000) : random.int(30_000, 34_000)),
      draw.step(fault({ kind: 'stale-market', ms: random.int(8_000, 16_000) }), random.int(4_000, 6_000)),
      moves(random.int(500, 4_000)),
      draw.step(draw.anyOpen(), random.int(5_000, 9_000)),
      draw.step({ kind: 'wait' }, random.int(5_000, 9_000)),
    ]);
  },
};

/** Both quotes of an agent, close to the market, are taken one after the other, before one cancel and the other. */
const BOTH_TAKEN: Situation = {
  setup: (setup) => setup,
  play: (draw) => {
    const { random, side, symbol } = draw;
    const bps = (side === 'buy' ? -1 : 1) * random.pick([60, 100, 150]);
    const quote = (of: SideName): Action => open(draw, 600, { side: of, limitBps: -random.int(0, 4) });
    return [
      draw.step(quote(side), 'answered'),
      draw.step(quote(against(side)), random.pick(['answered', 'parallel'])),
      draw.step({ kind: 'mark', symbol, bps }, 'answered'),
      draw.step({ kind: 'mark', symbol, bps: -Math.round(bps * 2.4) }, random.pick(['answered', random.int(0, 40)])),
      draw.step(draw.open(), random.int(0, 6_000)),
      draw.step(open(draw, 300, { side: against(side) }), random.int(0, 6_000)),
    ];
  },
};

/** Take-profits that wait for their agent's rate. */
const QUEUED: Situation = {
  setup: (setup, random) => ({ ...setup, exitRate: { max: random.int(1, 2), windowMs: 10_000 } }),
  play: (draw) => {
    const { agent, random, symbol } = draw;
    return [
      held(draw, 900),
      draw.step({ kind: 'ladder', agent, symbol, count: random.int(4, 12) }, 'answered'),
      ...(random.chance(0.8) ? [draw.step(draw.against([-100, -150]), random.int(0, 9_000))] : []),
      ...(random.chance(0.3) ? [draw.step({ kind: 'restart', downMs: 500 }, random.int(0, 9_000))] : []),
      draw.step({ kind: 'wait' }, random.int(20_000, 60_000)),
    ];
  },
};

/** Two openings of one turn want another leverage each, and one of them rests. */
const LEVERAGES: Situation = {
  setup: (setup) => setup,
  play: (draw) => {
    const { random } = draw;
    const both = (gap: Step['gap']): readonly Step[] => [
      draw.step(open(draw, random.pick([200, 600]), { leverage: random.int(1, 3) }), gap),
      draw.step(
        open(draw, random.pick([300, 1_500]), {
          leverage: random.int(1, 3),
          ...(random.chance(0.6) ? { limitBps: -random.int(10, 40) } : {}),
        }),
        'parallel',
      ),
    ];
    return [
      ...both(random.int(0, 2_000)),
      draw.step(draw.close(), random.int(4_000, 9_000)),
      ...(random.chance(0.5) ? [draw.step({ kind: 'cancel_all', agent: draw.agent } as const, 'answered')] : []),
      ...both(random.int(1_000, 4_000)),
      draw.step({ kind: 'amend', agent: draw.agent, pick: 0, factor: random.pick([0.7, 1.5, 8]) }, 'answered'),
    ];
  },
};

/** What has filled in part is changed: to more, to less, to what caps do not leave whole. */
const PARTS_CHANGED: Situation = {
  setup: (setup) => setup,
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const change = (): Step =>
      draw.step(
        {
          kind: 'amend',
          agent,
          pick: 0,
          ...random.pick([{ factor: 1.5 }, { factor: 0.7 }, { factor: 10 }, { factor: 30 }, { limitBps: -20 }]),
        },
        random.int(2_500, 5_000),
      );
    return [
      draw.step(open(draw, random.pick([300, 900]), { limitBps: -random.int(20, 60) }), 'answered'),
      draw.step({ kind: 'partial', symbol, pick: 0, fraction: random.pick([0.2, 0.5, 0.8]) }, random.int(1_000, 4_000)),
      change(),
      ...(random.chance(0.5)
        ? [draw.step({ kind: 'partial', symbol, pick: 0, fraction: 0.3 }, random.int(1_000, 4_000))]
        : []),
      change(),
      draw.step(random.chance(0.5) ? draw.close(agent) : draw.open(), random.int(500, 4_000)),
    ];
  },
};

/** A stop fires as the account is read by a clock that is off, and somebody opens right afterwards. */
const STOPPED: Situation = {
  setup: (setup) => ({ ...setup, stopBps: 300 }),
  play: (draw) => {
    const { random } = draw;
    return [
      held(draw),
      ...(random.chance(0.6) ? [draw.step({ kind: 'restart', downMs: 500 }, 'answered')] : []),
      draw.step(
        fault({ kind: 'clock-jump', by_ms: random.pick([-2_500, -1_500, -1_500, -300, 300]) }),
        random.pick(['answered', random.int(0, 9_000)]),
      ),
      draw.step(draw.against([350, 500]), random.chance(0.3) ? draw.amidReading() : random.int(500, 2_000)),
      draw.step(open(draw, 300), random.int(200, 1_000)),
      draw.step({ kind: 'wait' }, 50_000),
    ];
  },
};

/** What became of an opening nobody knows for a while, and somebody else wants the symbol. */
const UNKNOWN: Situation = {
  setup: (setup) => setup,
  play: (draw) => {
    const { agent, random, side, symbol } = draw;
    const lost = random.pick(UNTOLD);
    const hides = { kind: 'not-found-after-accept', queries: random.int(2, 40), match: POST };
    const other = draw.other;
    const wants = (of: AgentName): Action => ({ kind: 'open', agent: of, symbol, side, usdt: 300 });
    return [
      ...(random.chance(0.5) ? [held(draw)] : []),
      draw.step(fault({ ...lost, match: POST, count: 1 }), random.int(1_000, 5_000)),
      ...(random.chance(0.5) ? [draw.step(fault(hides), 'parallel')] : []),
      draw.step(random.chance(0.7) ? wants(agent) : { kind: 'close', agent, symbol }, 'parallel'),
      draw.step(wants(other), random.int(500, 12_000)),
      draw.step(random.chance(0.5) ? wants(other) : { kind: 'close', agent, symbol }, random.int(500, 12_000)),
      draw.step({ kind: 'wait' }, random.int(5_000, 30_000)),
    ];
  },
};

/**
 * Each is a chain of events that chance strings together in hardly any world: what it needs of the setup, and what happens
 * first of all.
 */
export const SITUATIONS: readonly Situation[] = [
  ...CUTS,
  FLATTENS,
  FULL,
  NEARLY,
  COUNTERWEIGHT,
  REFUSALS,
  FLOODED,
  ONE_TURN,
  DIES,
  SLICED,
  LATE_TRADES,
  BARS,
  BOTH_TAKEN,
  QUEUED,
  LEVERAGES,
  PARTS_CHANGED,
  STOPPED,
  UNKNOWN,
];
