import { ACCOUNT_BREAKER, type LayerMap, layerEvent, layerKey } from '../callers/layers.ts';
import type { StateEvent } from '../records/people-events.ts';

/** A breaker of the account, beside others, that stands while there is a problem. No operator lifts it. */
export interface ProblemLayer {
  readonly name: string;
  readonly clearsWhen: string;
  /** On record when the problem is gone. */
  readonly cleared: string;
}

/** Another daemon may trade the account. */
export const ACCOUNT_LOCK_LAYER: ProblemLayer = {
  name: 'account_lock',
  clearsWhen: 'the venue has told whose account it is, and no other daemon holds its lock on this machine',
  cleared: 'the account is locked',
};

/**
 * Null: the layer is as it should be.
 *
 * @param problem why nothing may be opened; null: all is well
 */
export function planProblemLayer(
  layers: LayerMap,
  { cleared, clearsWhen, name }: ProblemLayer,
  problem: string | null,
): StateEvent | null {
  const place = { ...ACCOUNT_BREAKER, name };
  const known = layers.get(layerKey(place));
  if ((known?.reason ?? null) === problem) return null;
  return layerEvent(place, problem ?? cleared, name, problem === null ? null : clearsWhen);
}
