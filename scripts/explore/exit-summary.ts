import { ASKERS, type ExitFigure } from './exit-figures.ts';

export type SeededExit = ExitFigure & { readonly seed: number };

/** Times are of those that were closed (nearest rank), requests of all. */
export interface ExitSummary {
  readonly asked: number;
  readonly closed: number;
  readonly median_ms: number | null;
  readonly p95_ms: number | null;
  readonly worst_ms: number | null;
  /** Of the world with the worst one. */
  readonly worst_seed: number | null;
  readonly orders_per_exit: number | null;
  readonly cancels_per_exit: number | null;
}

/** By who asked, and of all. */
export function summarizeExits(exits: readonly SeededExit[]): Readonly<Record<string, ExitSummary>> {
  const groups = ASKERS.map((asker) => [asker, summarize(exits.filter((exit) => exit.asker === asker))] as const);
  return Object.fromEntries([['all', summarize(exits)], ...groups]);
}

function summarize(exits: readonly SeededExit[]): ExitSummary {
  const closed = exits.flatMap(({ ms, seed }) => (ms === null ? [] : [{ ms, seed }]));
  closed.sort((a, b) => a.ms - b.ms || a.seed - b.seed);
  const rank = (share: number): number => Math.max(0, Math.ceil(share * closed.length) - 1);
  const mean = (of: 'orders' | 'cancels'): number | null =>
    exits.length === 0 ? null : Number((exits.reduce((sum, exit) => sum + exit[of], 0) / exits.length).toFixed(3));
  return {
    asked: exits.length,
    closed: closed.length,
    median_ms: closed[rank(0.5)]?.ms ?? null,
    p95_ms: closed[rank(0.95)]?.ms ?? null,
    worst_ms: closed.at(-1)?.ms ?? null,
    worst_seed: closed.at(-1)?.seed ?? null,
    orders_per_exit: mean('orders'),
    cancels_per_exit: mean('cancels'),
  };
}
