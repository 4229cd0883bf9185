import type { LedgerTable } from '../plan.ts';
import { ACCOUNT } from './account.ts';
import { ALERTS } from './alerts.ts';
import { APPROVALS } from './approvals.ts';
import type { Draw, Piece } from './draw.ts';
import { LIMITS } from './limits.ts';
import { LIVE } from './live.ts';
import { OPERATORS } from './operators.ts';
import { RARITIES } from './rarities.ts';
import { SHADOW } from './shadow.ts';
import { STEPS } from './steps.ts';
import { TOKENS } from './tokens.ts';
import { WIRES } from './wires.ts';

/**
 * `hands`: the account's owner trades past the daemon; `disks`: the ledger cannot be written; `ledgers`: other daemons,
 * and ledgers that were put back; `approvals`: people approve what agents open; `limits`:
 * one agent may not open at times, and not be silent for long; `tokens`: access tokens come and go; `account`: what
 * happens to the account at the exchange beside orders; `steps`: the exchange changes a symbol's filters, and shows rows
 * that cannot be read; `twins`: two daemons on one account, both asked to open at once; `operators`: they release symbols,
 * have them adopted, and erase texts, and agents ask for dry runs; `wires`: request weight is counted and refused, and
 * sockets come late; `alerts`: they leave the machine, and receivers fail; `live`: money is real, and armed for a while;
 * `shadow`: nothing is enforced.
 */
export type Extra =
  | 'hands'
  | 'disks'
  | 'ledgers'
  | 'rarities'
  | 'approvals'
  | 'limits'
  | 'tokens'
  | 'account'
  | 'steps'
  | 'twins'
  | 'operators'
  | 'wires'
  | 'alerts'
  | 'live'
  | 'shadow';

const TABLES: readonly LedgerTable[] = ['events', 'texts', 'decisions_by_agent', 'decisions_by_request'];
const HOUR_MS = 3_600_000;

/**
 * What befalls an account and a machine, with weights: seldom, since each of them takes a promise or two out of play.
 */
export const MISHAPS: readonly (readonly [number, Piece])[] = [
  [0.5, (draw) => [draw.step({ kind: 'transfer', usdt: draw.random.pick([-20_000, -2_000, 500, 50_000]) })]],
  [0.5, (draw) => [draw.step({ kind: 'funding', symbol: draw.symbol, bps: draw.random.pick([-30, -1, 1, 10, 75]) })]],
  // One agent floods the gate, and somebody wants out.
  [
    0.5,
    (draw) => [
      draw.step({
        kind: 'flood',
        agent: draw.other,
        what: draw.random.pick(['scope', 'repeat', 'nothing'] as const),
        count: draw.random.pick([10, 40, 120]),
      }),
      draw.step(draw.anyExit(), draw.random.chance(0.6) ? 'parallel' : draw.random.int(0, 500)),
    ],
  ],
  // The machine.
  [
    0.4,
    (draw) => [
      draw.step({
        kind: 'trouble',
        trouble: {
          kind: 'clock',
          ms: draw.random.pick([-1, 1]) * draw.random.pick([1_500, 60_000, HOUR_MS, 26 * HOUR_MS]),
        },
      }),
      anyCall(draw),
    ],
  ],
];

/** What still breaks promises, and is played when it is requested. */
export const EXTRAS: Readonly<Record<Extra, readonly (readonly [number, Piece])[]>> = {
  rarities: RARITIES,
  steps: STEPS,
  // Not a piece: such a world begins so.
  twins: [],
  operators: OPERATORS,
  wires: WIRES,
  alerts: ALERTS,
  live: LIVE,
  shadow: SHADOW,
  approvals: APPROVALS,
  limits: LIMITS,
  tokens: TOKENS,
  account: ACCOUNT,
  hands: [
    // The account's owner trades at the exchange itself.
    [
      4,
      (draw) => {
        const { random, symbol } = draw;
        const side = random.chance(0.5) ? 'buy' : 'sell';
        const lots = random.pick([1, 3, 5, 12]);
        const form = random.weighted([
          [3, {}],
          [3, { limitBps: -random.int(5, 60) }],
          [2, { reduceOnly: true }],
          [1, { reduceOnly: true, limitBps: -random.int(5, 60) }],
        ] as const);
        return [draw.step({ kind: 'foreign', symbol, side, lots, ...form })];
      },
    ],
    [2, (draw) => [draw.step({ kind: 'foreign_cancel', symbol: draw.symbol })]],
    // The owner changes what an agent has resting.
    [
      2,
      (draw) => {
        const { random, symbol } = draw;
        const change = { lots: random.int(1, 12), bps: random.int(-10, 10), pick: random.int(0, 2) };
        return [
          draw.step(draw.open(-random.int(20, 60))),
          draw.step({ kind: 'foreign_amend', symbol, ...change }, random.int(1_000, 15_000)),
        ];
      },
    ],
    // A person sells of what an agent holds, and buys it back long after: that is nobody's.
    [
      1,
      (draw) => {
        const { agent, random, side, symbol } = draw;
        const lots = random.int(2, 5);
        const other = side === 'buy' ? 'sell' : 'buy';
        return [
          draw.step({ kind: 'open', agent, symbol, side, usdt: 600 }, 'answered'),
          draw.step({ kind: 'foreign', symbol, side: other, lots }, random.int(3_000, 9_000)),
          draw.step({ kind: 'foreign', symbol, side, lots }, random.int(78_000, 100_000)),
          draw.step(draw.close(), random.int(78_000, 100_000)),
        ];
      },
    ],
    // What a person holds stands beside an agent's orders for minutes, and somebody opens beside it.
    [
      2,
      (draw) => {
        const { random, side, symbol } = draw;
        return [
          ...(random.chance(0.5) ? [draw.step(draw.open(-random.int(20, 60)))] : []),
          draw.step({ kind: 'foreign', symbol, side, lots: random.pick([1, 5, 12]) }),
          draw.step({ kind: 'wait' }, random.chance(0.5) ? random.int(21_000, 60_000) : random.int(75_000, 110_000)),
          draw.step(random.chance(0.5) ? draw.open() : draw.open(-random.int(5, 60))),
        ];
      },
    ],
  ],
  // The ledger cannot be written.
  disks: [
    // There is a reserve for then, which may be used up as well.
    [
      4,
      (draw) => {
        const { agent, random, symbol } = draw;
        const reserve = random.pick([3, 20, 200]);
        const trouble = { kind: 'disk_full', forMs: random.pick([6_000, 25_000, 60_000]), reserve } as const;
        return [
          draw.step(draw.open(), 'answered'),
          draw.step({ kind: 'trouble', trouble }, random.int(0, 3_000)),
          draw.step(draw.anyOpen(), random.int(0, 2_000)),
          draw.step(draw.open(-random.int(5, 60)), random.int(0, 2_000)),
          ...(random.chance(0.5) ? [draw.step(draw.exit(-random.int(5, 60), 0.5), random.int(0, 2_000))] : []),
          ...(random.chance(0.4) ? [draw.step(draw.exit(5, 0.3), random.int(0, 2_000))] : []),
          ...(random.chance(0.3) ? [draw.step({ kind: 'crash', downMs: 300 }, random.int(0, 2_000))] : []),
          draw.step({ kind: 'close', agent, symbol }, random.int(0, 4_000)),
          draw.step({ kind: 'close', agent, symbol }, random.int(0, 4_000)),
          draw.step({ kind: 'dry_run', agent, symbol, side: draw.side, usdt: 300 }, random.int(0, 2_000)),
          draw.step({ kind: 'state', state: 'active' }, random.int(20_000, 70_000)),
        ];
      },
    ],
    [3, (draw) => [draw.step({ kind: 'trouble', trouble: { kind: 'disk_full', forMs: forMs(draw) } }), anyCall(draw)]],
    [1, (draw) => [draw.step({ kind: 'trouble', trouble: { kind: 'read_only', forMs: forMs(draw) } }), anyCall(draw)]],
    // It hangs, while there is something to send and to stop.
    [
      2,
      (draw) => [
        draw.step(
          { kind: 'trouble', trouble: { kind: 'disk_hangs', forMs: draw.random.int(200, 12_000) } },
          'answered',
        ),
        draw.step(draw.anyOpen(), draw.random.int(0, 400)),
        anyCall(draw),
        ...(draw.random.chance(0.3) ? [draw.step({ kind: 'crash', downMs: 300 }, draw.random.int(0, 2_000))] : []),
        ...(draw.random.chance(0.3) ? [draw.step({ kind: 'state', state: 'halted' }, draw.random.int(0, 400))] : []),
      ],
    ],
    // It fails while a policy is saved, or while the daemon is down and comes up with another one.
    [
      1,
      (draw) => [
        draw.step({ kind: 'policy', edit: draw.random.pick(['tighter_caps', 'looser_caps', 'original'] as const) }),
        draw.step({ kind: 'trouble', trouble: { kind: 'disk_full', forMs: forMs(draw) } }, draw.random.int(0, 20)),
        draw.step({ kind: 'crash', downMs: draw.random.int(1, 400) }, draw.random.int(0, 200)),
      ],
    ],
    [
      3,
      (draw) => [
        draw.step({
          kind: 'trouble',
          trouble: { kind: 'failing_table', table: draw.random.pick(TABLES), forMs: forMs(draw) },
        }),
        anyCall(draw),
      ],
    ],
  ],
  // Another daemon on the account, and a ledger that was put back.
  ledgers: [
    [
      6,
      (draw) => [
        draw.step({
          kind: 'trouble',
          trouble: { kind: 'second_daemon', forMs: draw.random.int(3_000, 30_000), opens: draw.random.int(0, 4) },
        }),
        anyCall(draw),
        // Who was refused, or is held back, is started again.
        ...(draw.random.chance(0.3) ? [draw.step({ kind: 'restart', downMs: 500 }, draw.random.int(500, 9_000))] : []),
      ],
    ],
    [
      6,
      (draw) => [
        draw.step({ kind: 'trouble', trouble: { kind: 'copy' } }),
        draw.step(draw.anyOpen()),
        draw.step(draw.random.chance(0.5) ? draw.anyOpen() : draw.anyExit()),
        ...(draw.random.chance(0.4) ? [draw.step({ kind: 'state', state: 'halted' })] : []),
        draw.step({
          kind: 'trouble',
          trouble: { kind: 'restored', downMs: draw.random.int(200, 3_000), withHead: draw.random.chance(0.5) },
        }),
        ...(draw.random.chance(0.4)
          ? [draw.step({ kind: 'state', state: 'active' }, draw.random.int(3_000, 9_000))]
          : []),
        draw.step(draw.random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), draw.random.int(1_000, 9_000)),
      ],
    ],
  ],
};

function forMs({ random }: Draw): number {
  return random.pick([500, 3_000, 12_000]);
}

function anyCall(draw: Draw): ReturnType<Draw['step']> {
  return draw.step(draw.random.chance(0.4) ? draw.anyOpen() : draw.anyExit(), draw.random.int(0, 2_000));
}
