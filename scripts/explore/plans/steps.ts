import type { Action, InstrumentRules, Step, SymbolName } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Draw, Piece } from './draw.ts';

const SYMBOLS: readonly SymbolName[] = ['BTCUSDT', 'ETHUSDT'];
/** Coarser than a lot of 0.001, finer, and such as neither divide it nor are divided by it. */
const LOTS = [0.0001, 0.0025, 0.002, 0.003, 0.005, 0.01, 0.01, 0.1] as const;
const TICKS = [0.01, 0.02, 0.3, 0.5, 1, 2.5, 10] as const;
/** The exchange states decimals: fewer of them refuse what a coarser step would. */
const DECIMALS: ReadonlyMap<number, number> = new Map([
  [0.01, 2],
  [0.1, 1],
]);

function drawLot(random: Random): InstrumentRules {
  const lot = random.pick(LOTS);
  const decimals = DECIMALS.get(lot);
  const isStated = decimals !== undefined && random.chance(0.4);
  return {
    lot,
    min_quantity: random.chance(0.7) ? lot : Math.max(lot, 0.002),
    ...(isStated ? { quantity_precision: decimals } : {}),
  };
}
function drawRules({ random }: Draw): InstrumentRules {
  return random.weighted<() => InstrumentRules>([
    [4, () => drawLot(random)],
    [3, () => ({ tick: random.pick(TICKS) })],
    [2, () => ({ ...drawLot(random), tick: random.pick(TICKS) })],
    [1.5, () => ({ min_quantity: random.pick([0.002, 0.004, 0.01]) })],
    [1, () => ({ market_lot: random.pick([0.002, 0.005, 0.01]), min_market_quantity: random.pick([0.01, 0.02]) })],
    [0.7, () => ({ max_market_quantity: random.pick([0.004, 0.01]) })],
    [0.7, () => ({ max_quantity: random.pick([0.004, 0.01, 0.02]) })],
    [0.7, () => ({ max_orders: random.int(1, 4) })],
    [0.7, () => ({ min_notional: random.pick([5, 150, 400]) })],
    [
      0.7,
      () => ({
        brackets: [
          [random.pick([2, 10]), '1000000', '0.01'],
          [1, '100000000', '0.1'],
        ],
      }),
    ],
    // As it began.
    [1.5, () => ({ lot: 0.001, tick: 0.1, min_quantity: 0.001, quantity_precision: 3 })],
  ])();
}
const change = (symbol: SymbolName, rules: InstrumentRules): Action => ({ kind: 'rules', symbol, rules });

/** Close, part, flatten, or an order that rests, or is changed. */
function ask(draw: Draw): Step {
  const { agent, random, symbol } = draw;
  return draw.step(
    random.weighted<() => Action>([
      [4, () => draw.close()],
      [3, () => draw.anyExit()],
      [3, () => draw.anyOpen()],
      [2, () => ({ kind: 'amend', agent, pick: 0, factor: random.pick([0.5, 0.9, 1.5]) })],
      [1, () => ({ kind: 'amend', agent, pick: 0, limitBps: -random.int(5, 60) })],
      [1.5, () => ({ kind: 'flatten', ...(random.chance(0.5) ? { symbol } : {}) })],
    ])(),
  );
}

const CHANGES: readonly (readonly [number, Piece])[] = [
  // While something is held, and rests.
  [
    8,
    (draw) => {
      const { random, symbol } = draw;
      const rests = random.chance(0.6) ? draw.open(-random.int(10, 60)) : draw.exit(-random.int(10, 60));
      return [
        draw.step(draw.open()),
        ...(random.chance(0.6) ? [draw.step(rests)] : []),
        draw.step(change(random.chance(0.8) ? symbol : random.pick(SYMBOLS), drawRules(draw))),
        ask(draw),
        ...(random.chance(0.5) ? [ask(draw)] : []),
      ];
    },
  ],
  // Its largest order becomes smaller than one that rests, which is then changed.
  [
    2,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const open = { kind: 'open', agent, side, symbol, usdt: 1_200 } as const;
      const isExit = random.chance(0.5);
      const limitBps = -random.int(15, 60);
      return [
        draw.step(isExit ? open : { ...open, limitBps }),
        ...(isExit ? [draw.step({ kind: 'exit', agent, symbol, share: 1, limitBps } as const, 1_500)] : []),
        draw.step(change(symbol, { max_quantity: 0.01 }), 'answered'),
        // Its refusal says that there are other rules.
        draw.step({ ...open, usdt: 2_400 }),
        draw.step({ kind: 'amend', agent, pick: 0, factor: 0.9 }, random.int(6_000, 9_000)),
      ];
    },
  ],
  // While nobody runs, or as the process dies.
  [
    3,
    (draw) => {
      const { random, symbol } = draw;
      const downMs = random.pick([300, 1_500, 4_000]);
      return [
        draw.step(draw.open()),
        draw.step(random.chance(0.5) ? { kind: 'crash', downMs } : { kind: 'restart', downMs }, 'answered'),
        draw.step(change(symbol, drawRules(draw)), random.int(0, downMs)),
        ask(draw),
      ];
    },
  ],
  // In the turn of an order, or while what it has become is not known.
  [
    2,
    (draw) => {
      const { random, symbol } = draw;
      const match = { method: 'POST', path: '/fapi/v1/order' };
      const fault = random.pick([
        { kind: 'accept-then-timeout', match },
        { kind: 'execute-late', ms: random.int(300, 4_000), match },
        { kind: 'drop-before', match },
      ]);
      return [
        ...(random.chance(0.5) ? [draw.step({ kind: 'fault', fault })] : []),
        draw.step(random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), 'parallel'),
        draw.step(change(symbol, drawRules(draw)), 'parallel'),
        ask(draw),
      ];
    },
  ],
  // Between an opening and its stop, which is written in the steps of before.
  [
    2,
    (draw) => {
      const { random, symbol } = draw;
      const rules = random.chance(0.8) ? { tick: random.pick(TICKS) } : drawRules(draw);
      return [
        draw.step(draw.open()),
        draw.step(change(symbol, rules), random.chance(0.5) ? 'parallel' : random.int(0, 100)),
        draw.step({ kind: 'wait' }, random.int(3_000, 12_000)),
      ];
    },
  ],
  // Its filters cannot be read for a while after it has changed them.
  [
    1,
    (draw) => {
      const { random, symbol } = draw;
      const match = { method: 'GET', path: '/fapi/v1/exchangeInfo' };
      return [
        draw.step(draw.open()),
        draw.step(
          { kind: 'fault', fault: { kind: 'status', status: 502, match, count: random.int(1, 6) } },
          'answered',
        ),
        draw.step(change(symbol, drawRules(draw)), 'parallel'),
        ask(draw),
      ];
    },
  ],
  // Everybody out, right after.
  [
    1.5,
    (draw) => {
      const { random, symbol } = draw;
      return [
        draw.step(draw.open()),
        draw.step(change(symbol, drawRules(draw)), 'answered'),
        draw.step({ kind: 'flatten' }, random.chance(0.5) ? 'parallel' : random.int(0, 3_000)),
        draw.step({ kind: 'state', state: 'active' }, random.int(4_000, 9_000)),
      ];
    },
  ],
];

const ODD: readonly (readonly [string, readonly Readonly<Record<string, unknown>>[]])[] = [
  [
    '/fapi/v3/positionRisk',
    [
      { positionAmt: 'much' },
      { positionAmt: '99999999999.5' },
      { positionAmt: '1', entryPrice: '-1' },
      { positionSide: 'LONG' },
    ],
  ],
  ['/fapi/v1/openOrders', [{ origQty: '99999999999' }, { side: 'UP' }, { price: '1e5' }]],
  ['/fapi/v1/openAlgoOrders', [{ side: 'UP' }, { triggerPrice: 'high' }]],
  ['/fapi/v1/allOrders', [{ side: 'UP' }, { time: 'soon' }]],
  ['/fapi/v1/userTrades', [{ qty: '99999999999' }, { side: 'UP' }]],
  ['/fapi/v1/symbolConfig', [{ leverage: 'much' }, { marginType: '' }]],
];

const ROWS: readonly (readonly [number, Piece])[] = [
  // A row that cannot be read, and orders in its symbol and in the other one.
  [
    6,
    (draw) => {
      const { random } = draw;
      const symbol = random.pick(SYMBOLS);
      const other = symbol === 'BTCUSDT' ? 'ETHUSDT' : 'BTCUSDT';
      const [path, patches] = random.pick(ODD);
      const ms = random.pick([2_000, 9_000, 25_000, 70_000]);
      const side = draw.side;
      const open = (agent: 'alpha' | 'beta', of: SymbolName): Action => ({
        kind: 'open',
        agent,
        symbol: of,
        side,
        usdt: 300,
      });
      return [
        ...(random.chance(0.6) ? [draw.step(open('alpha', symbol)), draw.step({ kind: 'wait' }, 3_000)] : []),
        draw.step({
          kind: 'fault',
          fault: { kind: 'odd-row', match: { path, symbol }, ms, patch: random.pick(patches) },
        }),
        draw.step(open('beta', other), random.int(3_000, 12_000)),
        ...(random.chance(0.5) ? [draw.step(open('alpha', symbol), random.int(0, 9_000))] : []),
        ...(random.chance(0.5)
          ? [draw.step({ kind: 'close', agent: 'beta', symbol: other }, random.int(0, 4_000))]
          : []),
        ...(random.chance(0.5) ? [draw.step({ kind: 'close', agent: 'alpha', symbol }, random.int(0, 4_000))] : []),
        ...(random.chance(0.3) ? [draw.step({ kind: 'restart', downMs: 500 }, random.int(0, 4_000))] : []),
        ...(random.chance(0.3) ? [draw.step({ kind: 'flatten' }, random.int(0, 4_000))] : []),
      ];
    },
  ],
];

/** The exchange changes what it takes of a symbol, and shows rows that nobody can read. */
export const STEPS: readonly (readonly [number, Piece])[] = [...CHANGES, ...ROWS];
