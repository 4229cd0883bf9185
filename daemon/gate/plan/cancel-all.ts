import type { ExecutionRequest } from '../../core/request.ts';
import type { ExitTarget } from '../state/exit-targets.ts';
import { type LayerMap, stateInForce } from '../state/layers.ts';

/**
 * Whether a cancel_all of record `seq` also ends an exit that has no order at the moment: one between two rungs, or that
 * waits for its turn. What was asked for since is not meant.
 */
export function isTargetInCancelAll(
  target: ExitTarget,
  request: Pick<ExecutionRequest, 'agent' | 'origin' | 'symbol'>,
  seq: number,
  layers: LayerMap,
  nowMs: number,
): boolean {
  if (target.seq > seq || (request.symbol !== null && request.symbol !== target.symbol)) return false;
  if (request.origin === 'operator') return target.origin !== 'gate';
  if (target.origin !== 'agent' || target.agent !== request.agent) return false;
  return stateInForce(layers, nowMs, target.symbol, request.agent).state !== 'halted';
}
