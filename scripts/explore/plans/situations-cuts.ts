import type { Action, Setup, Step } from '../plan.ts';
import type { Draw } from './draw.ts';
import { fault, POST, type Situation } from './situation.ts';

const LARGE = { order: 5_000, symbol: 10_000, gross: 15_000 } as const;
const SMALL = { order: 1_000, symbol: 1_500, gross: 2_000 } as const;

const thin = (fraction: number, count: number): Action => fault({ kind: 'partial-fill', fraction, match: POST, count });
const tighter: Action = { kind: 'policy', edit: 'tighter_caps' };

const reducing =
  (more: Partial<Setup>): Situation['setup'] =>
  (setup) => ({ ...setup, regime: 'calm', onBreach: 'reduce', caps: LARGE, stopBps: null, ...more });

/** Held for long enough that the account has been read. */
function held({ agent, random, side, symbol }: Draw, usdt: number): readonly Step[] {
  return [
    { gap: 'answered', do: { kind: 'open', agent, symbol, side, usdt } },
    { gap: random.int(9_000, 14_000), do: { kind: 'wait' } },
  ];
}

/** More is held than the caps that are coming, and the cut meets a thin book, old figures, or none. */
const TROUBLED: Situation = {
  setup: reducing({}),
  play: (draw) => {
    const { random, symbol } = draw;
    const account = { method: 'GET', path: '/fapi/v3/account' };
    return [
      ...held(draw, 4_500),
      ...random.weighted<() => readonly Step[]>([
        [
          3,
          () => [
            draw.step(thin(random.pick([0, 0.3, 0.7]), 1), 'parallel'),
            draw.step(thin(0, random.int(3, 6)), 'parallel'),
            draw.step(tighter, 'parallel'),
          ],
        ],
        [
          4,
          () => [
            draw.step(tighter, 'parallel'),
            draw.step(
              fault({ kind: 'status', status: 502, match: account, count: random.int(20, 60) }),
              random.int(300, 700),
            ),
            draw.step({ kind: 'mark', symbol, bps: random.pick([150, 250, -250]) }, random.int(300, 900)),
          ],
        ],
        [
          2,
          () => [
            draw.step(fault({ kind: 'stale-market', ms: random.int(15_000, 40_000) }), 'parallel'),
            draw.step(tighter, random.int(2_500, 4_500)),
          ],
        ],
        [1, () => [draw.step(tighter, 'parallel')]],
      ])(),
      draw.step({ kind: 'wait' }, random.int(30_000, 50_000)),
    ];
  },
};

/** The holder closes a little, and waits for its rate, as the caps come down. */
const BESIDE_AN_EXIT: Situation = {
  setup: reducing({ exitRate: { max: 1, windowMs: 60_000 } }),
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const little = { kind: 'close', agent, symbol, fraction: 0.02 } as const;
    return [
      ...held(draw, random.pick([3_800, 4_500])),
      draw.step(little, 'parallel'),
      draw.step(random.chance(0.7) ? { ...little, slippageBps: 20 } : draw.exit(-20, 0.1), 'answered'),
      draw.step(tighter, random.int(50, 3_000)),
      draw.step({ kind: 'wait' }, random.int(20_000, 30_000)),
    ];
  },
};

/** A mark that jumps for a moment, or for good, over what is held near its cap. */
const JUMPS: Situation = {
  setup: reducing({}),
  play: (draw) => {
    const { random, symbol } = draw;
    const times = random.pick([1.5, 3]);
    const bps = Math.round((times - 1) * 10_000);
    return [
      ...held(draw, 1_500),
      draw.step({ kind: 'policy', edit: 'tighter_caps' }, random.int(0, 3_000)),
      draw.step({ kind: 'mark', symbol, bps }, random.int(5_000, 9_000)),
      ...(random.chance(0.8)
        ? [draw.step({ kind: 'mark', symbol, bps: Math.round((1 / times - 1) * 10_000) }, random.int(400, 1_500))]
        : []),
      draw.step({ kind: 'wait' }, random.int(15_000, 30_000)),
    ];
  },
};

/** A signal about one symbol, one agent or both, while others hold the most of what the account may. */
const SIGNALED: Situation = {
  setup: reducing({ caps: SMALL }),
  play: (draw) => {
    const { random, side } = draw;
    const signal = random.pick(['injection', 'narrative', 'anomaly'] as const);
    const about = random.pick([{ symbol: 'BTCUSDT' as const }, { agent: 'alpha' as const }, {}]);
    return [
      draw.step({ kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side, usdt: random.pick([300, 500]) }, 'answered'),
      draw.step({ kind: 'open', agent: 'beta', symbol: 'ETHUSDT', side, usdt: 900 }, 'answered'),
      draw.step({ kind: 'signal', signal, ttlMs: 60_000, ...about }, random.int(5_000, 9_000)),
      draw.step({ kind: 'wait' }, random.int(20_000, 30_000)),
    ];
  },
};

/** More is held than may be. */
export const CUTS: readonly Situation[] = [TROUBLED, BESIDE_AN_EXIT, JUMPS, SIGNALED];
