import type { Setup, Step } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Piece } from './draw.ts';

const MINUTE_MS = 60_000;

/** Money is real: an arming that may end within the world, and a delay before what loosens. */
export function withLive(setup: Setup, random: Random): Setup {
  const armedMs = random.pick([2 * MINUTE_MS, 4 * MINUTE_MS, 60 * MINUTE_MS]);
  return { ...setup, live: { armedMs, delayMs: random.pick([1, 3_000, 10_000]), quorum: random.pick([1, 2]) } };
}

/** What a new home begins with: people enrol passkeys, which count after the delay, and sign the arming. */
export function beginLive(setup: Setup, steps: readonly Step[], random: Random): readonly Step[] {
  const { delayMs, quorum } = setup.live ?? { delayMs: 0, quorum: 1 };
  const waitMs = delayMs + random.int(200, 2_000);
  const enrol = (who: 'operator' | 'second', gap: number): Step => ({
    gap,
    do: { kind: 'approver', who, what: 'passkey', by: 'entrance' },
  });
  const sign = (who: 'operator' | 'second', gap: number): Step => ({ gap, do: { kind: 'sign', who } });
  const begin = [enrol('operator', 0), enrol('second', waitMs)];
  const early = random.chance(0.5) ? [sign('operator', 100)] : [];
  return [
    ...(quorum > 1 || random.chance(0.5) ? begin : []),
    ...early,
    sign('operator', waitMs),
    ...(random.chance(0.9) ? [sign('second', random.int(0, 2_000))] : []),
    ...steps,
  ];
}

/** It is armed again, policies loosen and wait, people sign, and are trusted no more. */
export const LIVE: readonly (readonly [number, Piece])[] = [
  [
    12,
    (draw) => {
      const { random } = draw;
      return [
        draw.step({ kind: 'arm', forMs: random.pick([20_000, 60_000, 10 * MINUTE_MS]) }),
        draw.step(draw.anyOpen(), random.int(500, 3_000)),
        draw.step({ kind: 'sign', who: 'operator' }, random.int(0, 3_000)),
        draw.step({ kind: 'sign', who: 'second' }, random.int(0, 2_000)),
        draw.step(draw.anyOpen(), random.int(500, 14_000)),
      ];
    },
  ],
  // Another policy needs another arming; a looser one waits, and people accept it.
  [
    12,
    (draw) => {
      const { random } = draw;
      return [
        draw.step({ kind: 'policy', edit: 'tighter_caps' }),
        draw.step(draw.anyOpen(), random.int(0, 2_000)),
        draw.step(draw.anyExit(), random.int(0, 2_000)),
        draw.step({ kind: 'policy', edit: 'original', isLeft: random.chance(0.7) }, random.int(0, 4_000)),
        draw.step({ kind: 'sign', who: 'operator' }, random.int(0, 12_000)),
        draw.step({ kind: 'sign', who: 'second' }, random.int(0, 3_000)),
        ...(random.chance(0.3) ? [draw.step({ kind: 'restart', downMs: 500 })] : []),
        draw.step({ kind: 'sign', who: 'operator' }, random.int(0, 12_000)),
        draw.step(draw.anyOpen(), random.int(500, 3_000)),
      ];
    },
  ],
  [
    6,
    (draw) => {
      const { random } = draw;
      const who = random.pick(['operator', 'second'] as const);
      return [
        draw.step({ kind: 'approver', who, what: 'end', by: 'entrance' }),
        draw.step(draw.anyOpen(), random.int(0, 2_000)),
        draw.step({ kind: 'approver', who, what: 'passkey', by: 'entrance' }, random.int(0, 6_000)),
        draw.step({ kind: 'sign', who }, random.int(0, 14_000)),
        draw.step(draw.anyOpen(), random.int(0, 2_000)),
      ];
    },
  ],
  // Loosening waits: a state goes on for the delay.
  [
    9,
    (draw) => {
      const { random } = draw;
      return [
        draw.step({ kind: 'state', state: random.pick(['reducing', 'halted'] as const) }),
        draw.step({ kind: 'state', state: 'active' }, random.int(500, 3_000)),
        draw.step(draw.anyOpen(), random.int(0, 3_000)),
        draw.step({ kind: 'state', state: 'active' }, random.int(0, 12_000)),
        draw.step({ kind: 'rebase' }, random.int(0, 3_000)),
        draw.step({ kind: 'rebase' }, random.int(0, 12_000)),
        draw.step(draw.anyOpen(), random.int(500, 12_000)),
      ];
    },
  ],
];
