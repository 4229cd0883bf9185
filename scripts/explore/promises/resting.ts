import type { History } from '../history.ts';

/** Resting openings of an agent that were answered before `fromMs`, are not filled by `untilMs`, and were not asked back. */
export function openingsLeftAtRest(
  { fills, orders, world }: History,
  agent: string,
  fromMs: number,
  untilMs: number,
): readonly string[] {
  const left: string[] = [];
  for (const { answeredAtMs, clientId, method, params, status } of world.wire.records) {
    const order = orders.get(clientId ?? '');
    if (clientId === null || method !== 'POST' || status !== 200 || (answeredAtMs ?? fromMs) >= fromMs) continue;
    if (order?.decision.agent !== agent || order.planned.reduce_only) continue;
    if (params.text('timeInForce') !== 'GTC') continue;
    const lots = Math.round(Number(params.text('quantity') ?? 0) * 1000);
    const filled = fills.filter((fill) => fill.clientId === clientId && fill.atMs <= untilMs);
    if (filled.reduce((sum, fill) => sum + fill.lots, 0) >= lots) continue;
    const isAskedBack = world.wire.records.some(
      (record) => record.method === 'DELETE' && record.clientId === clientId && record.sentAtMs <= untilMs,
    );
    if (!isAskedBack) left.push(clientId);
  }
  return left;
}
