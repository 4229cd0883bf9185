import { readE8 } from '../../../daemon/engine/records/units.ts';
import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';
import type { Decision } from '../records.ts';

interface Rest {
  readonly clientId: string;
  readonly decision: Decision;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly leftE8: number;
}

/** Openings, or exits, of an agent (null: of any) that were answered before `fromMs`, are not filled by `untilMs`, and were not asked back. */
function leftAtRest(
  { fills, orders, world }: History,
  agent: string | null,
  fromMs: number,
  untilMs: number,
  isExit: boolean,
): readonly Rest[] {
  const left: Rest[] = [];
  for (const { answeredAtMs, clientId, method, params, status } of world.wire.records) {
    const order = orders.get(clientId ?? '');
    if (clientId === null || method !== 'POST' || status !== 200 || (answeredAtMs ?? fromMs) >= fromMs) continue;
    if (order === undefined || (agent ?? order.decision.agent) !== order.decision.agent) continue;
    if (order.planned.reduce_only !== isExit) continue;
    if (!/^GT[CD]$/.test(params.text('timeInForce') ?? '')) continue;
    const quantityE8 = readE8(params.text('quantity') ?? '0');
    const filled = fills.filter((fill) => fill.clientId === clientId && fill.atMs <= untilMs);
    const leftE8 = quantityE8 - filled.reduce((sum, fill) => sum + fill.quantityE8, 0);
    if (leftE8 <= 0 || hasEnded(world, clientId, untilMs)) continue;
    const isAskedBack = world.wire.records.some(
      (record) => record.method === 'DELETE' && record.clientId === clientId && record.sentAtMs <= untilMs,
    );
    const { side, symbol } = order.planned;
    if (!isAskedBack) left.push({ clientId, decision: order.decision, symbol, side, leftE8 });
  }
  return left;
}

/** By the books: the account's owner may have canceled it. */
function hasEnded({ exchange }: History['world'], clientId: string, untilMs: number): boolean {
  return [...exchange.world.state.orders.values()].some(
    (order) => order.clientOrderId === clientId && !isOpen(order) && order.updatedMs - START_MS <= untilMs,
  );
}

/** Client order ids of an agent's resting openings that were answered before `fromMs`, are not filled by `untilMs`, and were not asked back. */
export function openingsLeftAtRest(
  history: History,
  agent: string,
  fromMs: number,
  untilMs: number,
): readonly string[] {
  return leftAtRest(history, agent, fromMs, untilMs, false).map(({ clientId }) => clientId);
}

/** Those of anybody; not those that were amended. */
export function openingsLeft(history: History, fromMs: number, untilMs: number): readonly Rest[] {
  const { records } = history.world.wire;
  return leftAtRest(history, null, fromMs, untilMs, false).filter(
    ({ clientId }) => !records.some((record) => record.method === 'PUT' && record.clientId === clientId),
  );
}

/** Units of 1e-8 for which an agent's exits of a symbol rest at an instant. */
export function exitsAtRestE8(history: History, agent: string, symbol: string, atMs: number): number {
  return leftAtRest(history, agent, atMs, atMs - 1, true)
    .filter((rest) => rest.symbol === symbol)
    .reduce((sum, { leftE8 }) => sum + leftE8, 0);
}
