import type { Step } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Piece } from './draw.ts';

/** Until lots that somebody else has bought are known to be nobody's, ms. */
const SEEN_MS = 80_000;

/** Operators take symbols from agents and give them to others, and erase texts; agents ask before they trade. */
export const OPERATORS: readonly (readonly [number, Piece])[] = [
  // What rests of the holder's ends, and it opens no more until the symbol is free.
  [
    5,
    (draw) => {
      const { agent, random, symbol } = draw;
      return [
        draw.step(draw.open(), 'answered'),
        draw.step({ ...draw.open(-random.int(10, 60)), agent } as ReturnType<typeof draw.open>, random.int(500, 3_000)),
        draw.step({ kind: 'release', symbol, forMs: random.pick([0, 0, 20_000]) }, random.int(0, 6_000)),
        draw.step(draw.anyOpen(), random.pick(['parallel', random.int(0, 4_000)] as const)),
        ...(random.chance(0.6) ? [draw.step({ kind: 'close', agent, symbol }, random.int(500, 5_000))] : []),
        draw.step(draw.open(undefined, agent), random.int(1_000, 12_000)),
      ];
    },
  ],
  // What one agent holds is given to another one, which closes it; the former one would go on.
  [
    5,
    (draw) => {
      const { agent, other, random, symbol } = draw;
      return [
        draw.step(draw.open(), 'answered'),
        ...(random.chance(0.5) ? [draw.step(draw.exit(-random.int(20, 60), 0.5), random.int(1_000, 3_000))] : []),
        draw.step({ kind: 'adopt', symbol, agent: other }, random.int(4_000, 15_000)),
        draw.step({ kind: 'close', agent, symbol }, random.int(500, 4_000)),
        draw.step(draw.open(undefined, agent), random.int(500, 4_000)),
        draw.step({ kind: 'close', agent: other, symbol }, random.int(500, 6_000)),
      ];
    },
  ],
  // Lots of nobody's become an agent's.
  [
    3,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      return [
        draw.step({ kind: 'foreign', symbol, side, lots: random.int(3, 12) }),
        draw.step({ kind: 'adopt', symbol, agent }, SEEN_MS),
        draw.step(draw.open(undefined, draw.other), random.int(500, 4_000)),
        draw.step({ kind: 'close', agent, symbol }, random.int(500, 6_000)),
      ];
    },
  ],
  [
    6,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const usdt = draw.usdt();
      const asked = random.chance(0.3) ? { isIntercepted: true } : {};
      return [
        draw.step({ kind: 'dry_run', agent, symbol, side, usdt, ...asked }),
        draw.step(
          { kind: 'open', agent, symbol, side, usdt },
          random.pick(['parallel', random.int(0, 3_000)] as const),
        ),
      ];
    },
  ],
  [
    5,
    (draw) => {
      const { agent, random } = draw;
      // Of its own: a text that others say as well is gone from theirs.
      const said = { says: { rationale: `because of ${random.int(0, 2 ** 31)}` } };
      return [
        draw.step({ ...draw.open(), ...said } as ReturnType<typeof draw.open>, 'answered'),
        draw.step({ kind: 'erase', agent }, random.int(0, 3_000)),
      ];
    },
  ],
  [3, (draw) => [draw.step({ kind: 'acknowledge' })]],
  // An opening rests long after the last trouble, and an anomaly leaves exits alone.
  [
    4,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const limitBps = -random.int(30, 80);
      const scope = random.pick([{}, { symbol }, { agent }]);
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 300, limitBps }, 'answered'),
        draw.step({ kind: 'signal', signal: 'anomaly', ttlMs: 5_000, ...scope }, random.int(13_000, 18_000)),
        draw.step({ kind: 'wait' }, 6_000),
      ];
    },
  ],
  // What rests of one agent another one would change, or cancel; or an order that nobody knows.
  [
    3,
    (draw) => {
      const { agent, other, random } = draw;
      const of = random.chance(0.7) ? agent : ('nobody' as const);
      const pick = random.int(0, 2);
      return [
        draw.step(draw.open(-random.int(20, 60)), 'answered'),
        draw.step(
          random.chance(0.5)
            ? { kind: 'cancel', agent: other, pick, of }
            : { kind: 'amend', agent: other, pick, of, limitBps: -random.int(5, 60) },
          random.int(0, 3_000),
        ),
      ];
    },
  ],
];

/** A cancel that does not come to the exchange, or is refused there. */
const LOST_CANCELS = [
  { kind: 'drop-before' },
  { kind: 'status', status: 500 },
  { kind: 'error', code: -1008, msg: 'Server is currently overloaded with other requests.' },
] as const;

/**
 * In half of these worlds the last word halts a symbol, or an agent, over what rests, and nothing else happens after it,
 * but that the first cancels of some are lost.
 */
export function withLastHalt(steps: readonly Step[], random: Random): readonly Step[] {
  if (random.chance(0.5)) return steps;
  const symbol = random.pick(['BTCUSDT', 'ETHUSDT'] as const);
  const agent = random.pick(['alpha', 'beta', 'gamma'] as const);
  const side = random.pick(['buy', 'sell'] as const);
  const scope = random.chance(0.5) ? { symbol } : { agent };
  const state = random.pick(['reducing', 'halted'] as const);
  return [
    ...steps,
    { gap: 20_000, do: { kind: 'close', agent, symbol } },
    { gap: 15_000, do: { kind: 'open', agent, symbol, side, usdt: 300, limitBps: -random.int(80, 300) } },
    ...(random.chance(0.4) ? [{ gap: 0, do: { kind: 'fault', fault: lostCancels(random) } } as const] : []),
    { gap: random.int(500, 4_000), do: { kind: 'state', state, ...scope } },
  ];
}

function lostCancels(random: Random): Readonly<Record<string, unknown>> {
  const match = { method: 'DELETE', path: '/fapi/v1/order' };
  return { ...random.pick(LOST_CANCELS), match, count: random.int(1, 2) };
}
