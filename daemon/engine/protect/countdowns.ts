/**
 * The venue's dead-man countdowns (DESIGN section 12.3): with the daemon down, what opens in a symbol is canceled there
 * once its countdown has run out. Pure, for the daemon and a replay alike (SAE-SAME-CODE).
 */
import { DEADMAN_MS, type IntendedPolicySpec } from '../../core/policy.ts';
import { hasLive, isOwnOpening, isResting, isUnproven, neverRests, type OrderState } from '../orders/orders.ts';
import { longE8, shortE8 } from '../positions/positions.ts';
import type { CountdownScope } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';

/** How long the daemon has to be silent, ms of wall time; 0: the policy asks for none. */
export function deadmanMs({ standing }: Pick<IntendedPolicySpec, 'standing'>): number {
  return standing.deadman_ms ?? DEADMAN_MS;
}

/** It rests, or may rest although nobody has seen it. */
function mayOpen(order: OrderState): boolean {
  if (!isOwnOpening(order)) return false;
  return isResting(order) || (isUnproven(order) && !neverRests(order));
}

/**
 * What has to be so for a countdown to run; one line for each condition. RISK: it cancels whatever the venue thinks of: never
 * orders of others, and where nobody has seen that it spares stops, none is there that it could take.
 */
export const CONDITIONS: {
  readonly [condition: string]: (state: GateViews, symbol: string, scope: CountdownScope) => boolean;
} = {
  opens: ({ orders }, symbol) => hasLive(orders, symbol, mayOpen),
  own: ({ orders }, symbol) => !hasLive(orders, symbol, ({ foreign }) => foreign),
  sparesStops: ({ positions }, symbol, scope) => {
    const position = positions.get(symbol);
    return scope === 'regular' || position === undefined || longE8(position) + shortE8(position) === 0;
  },
};

/** Whether the countdown of a symbol should run now. */
export function shouldRun(state: GateViews, symbol: string, scope: CountdownScope): boolean {
  // At every tick, for every symbol: without a list of the conditions.
  for (const name in CONDITIONS) if (CONDITIONS[name]?.(state, symbol, scope) === false) return false;
  return true;
}

/** How far the calls about one symbol's countdown are. Instants in wall ms. */
export interface CountdownCalls {
  /** For how long it was last set, and when that was sent; 0: the venue has not taken any. */
  setForMs: number;
  setAtMs: number;
  /** Calls that have no answer yet, and when the last ones were begun. */
  isSetting: boolean;
  isEnding: boolean;
  triedAtMs: number;
  endTriedAtMs: number;
}
export function noCalls(): CountdownCalls {
  return {
    setForMs: 0,
    setAtMs: Number.NEGATIVE_INFINITY,
    isSetting: false,
    isEnding: false,
    triedAtMs: Number.NEGATIVE_INFINITY,
    endTriedAtMs: Number.NEGATIVE_INFINITY,
  };
}

/** Between two calls of which the first did not succeed, wall ms. */
const RETRY_MS = 1_000;

/**
 * The call that is due. `wantedMs`: for how long it should be set, 0: it should not run. `mayRun`: as far as is known, it
 * runs. An end waits for no other call: it is proven when none that sets was under way, and asked for again until then.
 */
export function nextCall(
  calls: CountdownCalls,
  { mayRun, wantedMs }: { readonly mayRun: boolean; readonly wantedMs: number },
  wallMs: number,
): 'set' | 'end' | null {
  if (calls.isEnding) return null;
  if (wantedMs === 0) return mayRun && wallMs - calls.endTriedAtMs >= RETRY_MS ? 'end' : null;
  if (calls.isSetting || wallMs - calls.triedAtMs < RETRY_MS) return null;
  return calls.setForMs !== wantedMs || wallMs - calls.setAtMs >= wantedMs / 3 ? 'set' : null;
}
