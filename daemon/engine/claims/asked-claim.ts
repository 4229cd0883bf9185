import type { SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { AskedClaim } from '../orders/claims.ts';
import { type LotRules, lotE8, toE8 } from '../records/units.ts';
import { causeOf } from '../tables/rank.ts';

/** What a decision that is being recorded asks for. */
export function claimAsked(
  request: ExecutionRequest,
  { lots, side, time_in_force }: SizedAction,
  rules: LotRules,
): AskedClaim {
  const { agent, origin, symbol } = request;
  return {
    decisionId: '',
    seq: Number.POSITIVE_INFINITY,
    agent,
    origin,
    cause: causeOf(request),
    symbol: symbol ?? '',
    side,
    isWhole: false,
    openedAtMs: 0,
    wants: time_in_force === 'GTC' ? 'rest' : 'now',
    askedE8: toE8(lots, lotE8(rules)),
    orders: [],
    gaveWay: [],
    rung: -1,
    isCanceled: false,
    isReplaced: false,
    filledE8: null,
    end: null,
  };
}
