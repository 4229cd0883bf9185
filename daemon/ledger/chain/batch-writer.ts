import type { Database } from 'better-sqlite3';
import type { EndedOrderRow } from '../../engine/records/ended-order.ts';
import type { PreparedEvent } from './hash-chain.ts';

/** How long a row is kept after the end of its order, ms of event time. */
const KEEP_ROWS_MS = 7 * 86_400_000;
/** Rows that are looked at with each new one, whether they are old: the number of them stays bounded. */
const MAX_DROPPED = 4;

export interface SideRow {
  readonly hash: string;
  readonly body: string;
  readonly at_ms: number;
}

/** What one transaction writes. */
export interface BatchContent {
  readonly events: readonly PreparedEvent[];
  readonly texts: readonly SideRow[];
  readonly policies: readonly SideRow[];
  readonly endedOrders: readonly EndedOrderRow[];
  /** Changes of tokens up to this number are among the events. */
  readonly tokenChangesTo?: number;
}

/** Prepares the function that writes a batch in one transaction: all or nothing, and durable when it returns. */
export function prepareBatchWriter(db: Database): (content: BatchContent) => void {
  const insertEvent = db.prepare(
    'INSERT INTO events (seq, at_ms, kind, payload, prev_hash, hash) VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?)',
  );
  const insertAgent = db.prepare(
    'INSERT INTO decisions_by_agent (agent, seq) SELECT ?, seq FROM events WHERE seq BETWEEN ? AND ?',
  );
  // A repeat of an idempotency key is answered with its first decision.
  const insertRequest = db.prepare(
    'INSERT INTO decisions_by_request (agent, kind, request_id, seq) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const insertText = db.prepare('INSERT INTO texts (hash, body, at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const insertPolicy = db.prepare('INSERT INTO policies (hash, body, at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');

  const putEndedOrders = prepareEndedOrders(db);
  const dropTokenChanges = db.prepare('DELETE FROM token_changes WHERE nr <= ?');

  const write = db.transaction((content: BatchContent) => {
    for (const row of content.texts) insertText.run(row.hash, row.body, row.at_ms);
    for (const row of content.policies) insertPolicy.run(row.hash, row.body, row.at_ms);
    for (const event of content.events) {
      insertEvent.run(event.seq, event.at_ms, event.kind, event.payload, event.prev_hash, event.hash);
      if (event.decision === null) continue;
      const { agent, kind, request_id } = event.decision;
      if (agent !== null && request_id !== null) insertRequest.run(agent, kind, request_id, event.seq);
    }
    putEndedOrders(content.endedOrders);
    if (content.tokenChangesTo !== undefined) dropTokenChanges.run(content.tokenChangesTo);
    for (const run of findAgentRuns(content.events)) insertAgent.run(run.agent, run.first, run.last);
  });
  return (content) => write.immediate(content);
}

/** Prepares the function that writes rows within a transaction, and drops old ones. A row that is there is replaced. */
function prepareEndedOrders(db: Database): (rows: readonly EndedOrderRow[]) => void {
  const insert = db.prepare<[EndedOrderRow]>(
    `INSERT OR REPLACE INTO ended_orders
       (client_order_id, decision_id, agent, symbol, planned_at_ms, ended_at_ms, body, claim)
     VALUES (@client_order_id, @decision_id, @agent, @symbol, @planned_at_ms, @ended_at_ms, @body, @claim)`,
  );
  const dropOld = db.prepare<[number, number]>(
    'DELETE FROM ended_orders WHERE nr IN (SELECT nr FROM ended_orders ORDER BY nr LIMIT ?) AND ended_at_ms <= ?',
  );
  return (rows) => {
    for (const row of rows) insert.run(row);
    const last = rows.at(-1);
    if (last !== undefined) dropOld.run(rows.length * MAX_DROPPED, last.ended_at_ms - KEEP_ROWS_MS);
  };
}

interface AgentRun {
  readonly agent: string;
  readonly first: number;
  last: number;
}
/** Consecutive decisions of one agent: one statement for all of them. */
function findAgentRuns(events: readonly PreparedEvent[]): readonly AgentRun[] {
  const runs: AgentRun[] = [];
  let open: AgentRun | null = null;
  for (const { seq, decision } of events) {
    const agent = decision?.agent ?? null;
    if (agent === null) open = null;
    else if (open !== null && open.agent === agent && open.last === seq - 1) open.last = seq;
    else {
      open = { agent, first: seq, last: seq };
      runs.push(open);
    }
  }
  return runs;
}
