import type { Campaign } from './campaign.ts';
import type { Judge } from './judge.ts';
import { HOUR_MS } from './tape.ts';
import { canceledFor } from './verdicts.ts';

/** Figures of a run, one line each, for the test's diagnostics. */
export function describeRun(campaign: Campaign, judge: Judge): readonly string[] {
  const { seen, world, wallMs } = campaign;
  const hours = ((seen.at(-1)?.atMs ?? 0) - (seen[0]?.atMs ?? 0)) / HOUR_MS;
  const counts = new Map<string, number>();
  for (const { event } of judge.decisions) {
    const { kind, decision, budget } = event.decision;
    const key = `${kind} ${decision} ${budget.regime}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sends = judge.sends().filter((send) => !send.isReducing);
  const highest = (share: (send: (typeof sends)[number]) => number): string =>
    `${(100 * Math.max(...sends.map(share))).toFixed(1)} %`;
  const worst = (level: 'drawdown' | 'daily_loss'): string =>
    `${(100 * Math.max(...seen.map((step) => step.account[level] ?? 0))).toFixed(2)} %`;
  return [
    `${hours} h in ${(wallMs / 1000).toFixed(1)} s, ${(wallMs / hours).toFixed(0)} ms per hour of the tape, ${seen.length} steps`,
    `${judge.decisions.length} decisions: ${[...counts]
      .sort()
      .map(([key, count]) => `${key} ${count}`)
      .join(', ')}`,
    `${judge.books.orders.length} orders at the exchange, ${sends.length} opening sends and amendments`,
    `fullest: order ${highest((send) => send.orderUsdt / send.caps.orderUsdt)}, symbol ${highest((send) => send.symbolUsdt / send.caps.symbolUsdt)}, gross ${highest((send) => send.grossUsdt / send.caps.grossUsdt)} of its cap`,
    `canceled: ${canceledFor(world, 'no longer fits the tightened policy').length} no longer fitted, ${canceledFor(world, 'resting time to live is over').length} by their ttl`,
    `worst drawdown ${worst('drawdown')}, daily loss ${worst('daily_loss')}; equity at the end ${seen.at(-1)?.equityUsdt.toFixed(2)} USDT`,
  ];
}
