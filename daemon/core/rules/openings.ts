import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import { MAX_OPENINGS } from '../policy.ts';
import type { Trace } from '../trace.ts';

/** Share of the venue's limit on open orders that openings may take up together: the rest is for what closes. */
const OPENINGS_SHARE = 0.5;
/**
 * The venue takes so many open orders in a symbol and no more: an agent's openings leave room for others', and all of
 * them for exits (DESIGN 12.4). In every phase, so that a tighter policy or venue sends away what rests beyond it.
 */
export function checkOpenings(trace: Trace, { openings }: ExecutionContext, { spec }: CompiledPolicy): void {
  if (openings === undefined) return;
  const most = spec.standing.resting ?? MAX_OPENINGS;
  const maxOfAll = Math.max(1, Math.floor(openings.venue_limit * OPENINGS_SHARE));
  if (openings.own >= most) trace.deny(12, 'OPENINGS_RESTING', openings.own, most, 'orders');
  else if (openings.all >= maxOfAll) trace.deny(12, 'OPENINGS_RESTING', openings.all, maxOfAll, 'orders');
}
