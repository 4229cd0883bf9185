import { createHash } from 'node:crypto';
import type { WritingLedger } from '../../daemon/driver/ports.ts';
import type { LedgerRecord, StoredEvent } from '../../daemon/engine/flow/ports.ts';

/** A ledger in an array, as far as a gate without operators asks it: nothing is hashed, all is on disk at once. */
export function arrayLedger(): WritingLedger {
  const events: StoredEvent[] = [];
  const append = ({ at_ms, kind, payload, seq }: LedgerRecord): number => {
    const place = events.length + 1;
    if (seq !== undefined && seq !== place) throw new Error(`a record made for ${seq} comes at ${place}`);
    events.push({ seq: place, at_ms, kind, payload });
    return place;
  };
  const isOf = (id: string, { kind, payload }: StoredEvent): boolean =>
    kind === 'decision' && (payload as { decision: { decision_id: string } }).decision.decision_id === id;
  const used: Partial<WritingLedger> = {
    genesis: { genesis_id: 'replay' },
    isFailed: false,
    appendNow: (records) => ({ seqs: records.map(append), committed: Promise.resolve() }),
    appendSync: (records) => records.map((record) => ({ seq: append(record) })),
    putText: (body) => createHash('sha256').update(body).digest('hex'),
    putPolicy: () => '',
    putEndedOrders: () => undefined,
    readEndedOrders: () => [],
    nextSeq: () => events.length + 1,
    lastSeq: () => events.length,
    findDecision: (id) => events.findLast((event) => isOf(id, event)) ?? null,
    findDecisionByRequest: () => null,
    iterateEvents: function* () {
      yield* events;
    },
  };
  return used as WritingLedger;
}
