import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';

/** From the last order's end, and the end of all faults, until both say the same, ms. */
const AGREES_WITHIN_MS = 5_000;
/** A question that is never answered is given up after this time, ms. */
const GIVEN_UP_AFTER_MS = 10_000;

/**
 * Once nothing fails any more, daemon and exchange agree on positions and orders within seconds of the end of the last
 * order. What a person's hand did is known a minute later.
 * @except a person trades by hand
 * @except another daemon runs, or a ledger was put back
 */
export function findLateAgreement(history: History): readonly Breach[] {
  const { homes, differences } = history.world;
  if (isOwnersHandIn(history, null) || homes.restores.length + homes.seconds.length > 0) return [];
  const quietMs = quietSinceMs(history);
  const late = differences.filter(({ atMs, lastOrderMs }) => atMs > Math.max(lastOrderMs, quietMs) + AGREES_WITHIN_MS);
  const [first] = late;
  if (first === undefined) return [];
  const detail = `quiet since ${at(quietMs)}, the last order since ${at(first.lastOrderMs)}; at ${at(first.atMs)}: ${first.detail} (${late.length} looks)`;
  return [{ code: 'agreement/late', detail }];
}

/** Nothing fails any more, and whatever was asked before has been answered, or given up. */
function quietSinceMs({ world: { watchedFromMs, wire } }: History): number {
  const endsMs = [...wire.records, ...wire.looks]
    .filter(({ sentAtMs }) => sentAtMs <= watchedFromMs)
    .map(({ answeredAtMs, sentAtMs }) => answeredAtMs ?? sentAtMs + GIVEN_UP_AFTER_MS);
  return Math.max(watchedFromMs, ...endsMs);
}
