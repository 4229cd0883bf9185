import type { SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { AskedClaim } from '../state/claims.ts';

/** What a decision that is being recorded asks for. */
export function claimAsked(
  { agent, origin, symbol }: ExecutionRequest,
  { lots, side, time_in_force }: SizedAction,
): AskedClaim {
  return {
    decisionId: '',
    seq: Number.POSITIVE_INFINITY,
    agent,
    origin,
    cause: origin === 'operator' ? 'operator' : origin === 'gate' ? 'stop' : 'agent',
    symbol: symbol ?? '',
    side,
    isWhole: false,
    openedAtMs: 0,
    wants: time_in_force === 'GTC' ? 'rest' : 'now',
    askedE8: lots,
    orders: [],
    gaveWay: [],
    rung: -1,
    isCanceled: false,
    filledE8: null,
    end: null,
  };
}
