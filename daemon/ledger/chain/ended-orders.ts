import type { Database } from 'better-sqlite3';
import type { EndedOrderQuery, EndedOrderRow } from '../../engine/records/ended-order.ts';

/** Whether a query is for a row. */
export function isAskedFor(query: EndedOrderQuery, row: EndedOrderRow): boolean {
  if ('clientOrderId' in query) return row.client_order_id === query.clientOrderId;
  if ('decisionId' in query) return row.decision_id === query.decisionId;
  const { agent = row.agent, endedAfterMs, symbol = row.symbol } = query;
  return row.agent === agent && row.symbol === symbol && row.ended_at_ms > endedAfterMs;
}

/** Prepares the reads. */
export function prepareEndedReads(db: Database): (query: EndedOrderQuery) => readonly EndedOrderRow[] {
  const rows = <Parameters extends unknown[]>(where: string) =>
    db.prepare<Parameters, EndedOrderRow>(
      `SELECT client_order_id, decision_id, agent, symbol, planned_at_ms, ended_at_ms, body, claim
       FROM ended_orders ${where}`,
    );
  const ofId = rows<[string]>('WHERE client_order_id = ? ORDER BY nr');
  const ofDecision = rows<[string]>('WHERE decision_id = ? ORDER BY nr');
  const wanted =
    '(@agent IS NULL OR agent = @agent) AND (@symbol IS NULL OR symbol = @symbol) AND ended_at_ms > @endedAfterMs';
  const newest = rows<[Wanted & { count: number }]>(`WHERE ${wanted} ORDER BY planned_at_ms DESC LIMIT @count`);
  const ofInstant = rows<[Wanted & { atMs: number }]>(`WHERE ${wanted} AND planned_at_ms = @atMs`);
  return (query) => {
    if ('clientOrderId' in query) return ofId.all(query.clientOrderId);
    if ('decisionId' in query) return ofDecision.all(query.decisionId);
    const { agent = null, symbol = null, endedAfterMs, count } = query;
    const found = newest.all({ agent, symbol, endedAfterMs, count });
    const atMs = found.at(-1)?.planned_at_ms;
    if (atMs === undefined || found.length < count) return found;
    // All of the last instant: those of one instant have an order that is not this table's.
    const before = found.filter((row) => row.planned_at_ms !== atMs);
    return [...before, ...ofInstant.all({ agent, symbol, endedAfterMs, atMs })];
  };
}

interface Wanted {
  readonly agent: string | null;
  readonly symbol: string | null;
  readonly endedAfterMs: number;
}
