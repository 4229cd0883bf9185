import type { Action, AgentName, SideName, Step } from '../plan.ts';
import { against, fault, held, open, otherOf, POST, type Situation, UNTOLD } from './situation.ts';

/** What rests is as large as may be, the mark makes it larger, and then something happens that tightens nothing for it. */
export const NEARLY: Situation = {
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
export const COUNTERWEIGHT: Situation = {
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

/** An opening in slices, of which some were sent and others were not, and its agent wants less of it. */
export const SLICED: Situation = {
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

/** Both quotes of an agent, close to the market, are taken one after the other, before one cancel and the other. */
export const BOTH_TAKEN: Situation = {
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

/** Two openings of one turn want another leverage each, and one of them rests. */
export const LEVERAGES: Situation = {
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
export const PARTS_CHANGED: Situation = {
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

/** What became of an opening nobody knows for a while, and somebody else wants the symbol. */
export const UNKNOWN: Situation = {
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
