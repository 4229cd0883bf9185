import type { Plan, Step } from '../plan.ts';
import type { Random } from '../random.ts';

/** What keeps one daemon from seeing the other, or another person beside both. */
const KEPT_OUT = new Set(['fault', 'wire', 'foreign', 'trouble', 'setting']);
/** Another lot each: the same once more would be a repetition. */
const USDT_OF_A_LOT = 61;

/**
 * Two daemons with homes of their own begin on one account. After a while, in which the first may have traded elsewhere,
 * both are asked to open several times in one symbol, in the same instant or a few seconds apart.
 */
export function withTwin(plan: Plan, random: Random): Plan {
  const volleyMs = random.pick([random.int(5_000, 20_000), random.int(60_000, 90_000)]);
  const apartMs = random.pick([0, random.int(-40, 40), random.int(-3_000, 3_000)]);
  const side = random.pick(['buy', 'buy', 'sell'] as const);
  const trouble = {
    kind: 'second_daemon',
    forMs: volleyMs + random.int(30_000, 60_000),
    opens: random.int(5, 9),
    volleyMs,
  } as const;
  const open = (index: number): Step['do'] => ({
    kind: 'open',
    agent: 'alpha',
    symbol: 'BTCUSDT',
    side,
    usdt: 250 + USDT_OF_A_LOT * index,
    ...(random.chance(0.1) ? { limitBps: -random.int(5, 40) } : {}),
  });
  const firstMs = volleyMs + apartMs;
  const elsewhereMs = random.chance(0.4) ? random.int(2_500, firstMs - 1) : 0;
  const count = random.int(4, 8);
  const steps: Step[] = [
    { gap: 0, do: { kind: 'trouble', trouble } },
    ...(elsewhereMs > 0
      ? [
          {
            gap: elsewhereMs,
            do: { kind: 'open', agent: 'beta', symbol: 'ETHUSDT', side: 'buy', usdt: 300 },
          } as const,
        ]
      : []),
    { gap: firstMs - elsewhereMs, do: open(0) },
    ...Array.from({ length: count }, (_, index): Step => {
      return { gap: random.chance(0.9) ? 'parallel' : random.int(1, 400), do: open(index + 1) };
    }),
    { gap: 20_000, do: { kind: 'wait' } },
    ...plan.steps.filter(({ do: { kind } }) => !KEPT_OUT.has(kind)),
  ];
  const caps = random.chance(0.7) ? { order: 1_000, symbol: 1_500, gross: 2_000 } : plan.setup.caps;
  return { ...plan, setup: { ...plan.setup, caps }, steps };
}
