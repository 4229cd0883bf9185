import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';

/** From the last order's end, and the end of all faults, until both say the same, ms. */
const AGREES_WITHIN_MS = 5_000;

/**
 * Once nothing fails any more, daemon and exchange agree on positions and orders within seconds of the end of the last
 * order. What a person's hand did is known a minute later.
 */
export function findLateAgreement(history: History): readonly Breach[] {
  const { homes, differences, watchedFromMs } = history.world;
  if (isOwnersHandIn(history, null) || homes.restores.length + homes.seconds.length > 0) return [];
  const late = differences.filter(
    ({ atMs, lastOrderMs }) => atMs > Math.max(lastOrderMs, watchedFromMs) + AGREES_WITHIN_MS,
  );
  const [first] = late;
  if (first === undefined) return [];
  const detail = `quiet since ${at(watchedFromMs)}, the last order since ${at(first.lastOrderMs)}; at ${at(first.atMs)}: ${first.detail} (${late.length} looks)`;
  return [{ code: 'agreement/late', detail }];
}
