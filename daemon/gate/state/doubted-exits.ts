import type { Side } from '../../core/request.ts';
import { type ExitTarget, whoseOf } from './exit-targets.ts';
import { isTerminal } from './orders.ts';

/** Messages of -2022 and -4118: nothing is held that the order would reduce. */
const NOTHING_TO_REDUCE = /reduce-?only order (is rejected|failed)/i;

/** The venue has said of its last order that nothing is held which it would reduce. */
export function isRefuted({ allotments }: ExitTarget): boolean {
  const last = allotments.at(-1)?.order;
  return last?.status === 'rejected' && NOTHING_TO_REDUCE.test(last.detail ?? '');
}

/**
 * An agent's order filled in part and ended: the book was thin, or so little was held. RISK: beside what was opened
 * since the two look alike until a later reading of the account. An operator, a stop and a cut do not wait for it.
 */
export function isCutShort({ allotments, leftLots, origin }: ExitTarget): boolean {
  const last = allotments.at(-1)?.order;
  if (last === undefined || origin !== 'agent' || leftLots === 0 || !isTerminal(last.status)) return false;
  return last.executedLots > 0 && last.executedLots < last.lots && !last.cancelRequested;
}

/** Lots of each agent's share that its exits on a side have found nothing of at the venue. */
export function doubtedLots(targets: Iterable<ExitTarget>, symbol: string, side: Side): ReadonlyMap<string, number> {
  let doubted: Map<string, number> | null = null;
  for (const target of targets) {
    if (target.symbol !== symbol || target.side !== side || whoseOf(target) === null) continue;
    if (!isRefuted(target) && !isCutShort(target)) continue;
    doubted ??= new Map();
    doubted.set(target.agent, (doubted.get(target.agent) ?? 0) + target.leftLots);
  }
  return doubted ?? NOBODY;
}
const NOBODY: ReadonlyMap<string, number> = new Map();
