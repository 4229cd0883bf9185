import { createHash } from 'node:crypto';
import type { LedgerPort, LedgerRecord, StoredEvent } from '../../daemon/engine/flow/ports.ts';

/** A ledger in an array: nothing is hashed and everything is on disk at once. */
export class ArrayLedger implements LedgerPort {
  readonly genesis = { genesis_id: 'replay' };
  readonly isFailed = false;
  readonly #events: StoredEvent[] = [];
  readonly #decisions = new Map<string, StoredEvent>();

  appendNow(records: readonly LedgerRecord[]): { readonly seqs: readonly number[]; readonly committed: Promise<void> } {
    const seqs = records.map((record) => this.#append(record));
    return { seqs, committed: Promise.resolve() };
  }
  appendSync(records: readonly LedgerRecord[]): readonly { readonly seq: number }[] {
    return records.map((record) => ({ seq: this.#append(record) }));
  }

  #append(record: LedgerRecord): number {
    const seq = this.#events.length + 1;
    if (record.seq !== undefined && record.seq !== seq)
      throw new Error(`a record made for ${record.seq} comes at ${seq}`);
    const { payload } = record;
    const event = { seq, at_ms: record.at_ms, kind: record.kind, payload };
    this.#events.push(event);
    if (record.kind === 'decision')
      this.#decisions.set((payload as { decision: { decision_id: string } }).decision.decision_id, event);
    return seq;
  }

  putText(body: string): string {
    return createHash('sha256').update(body).digest('hex');
  }
  putPolicy(): string {
    return '';
  }
  putEndedOrders(): void {}
  readEndedOrders(): readonly [] {
    return [];
  }
  readPolicy(): null {
    return null;
  }
  eraseText(): boolean {
    return false;
  }
  readText(): null {
    return null;
  }
  nextSeq(): number {
    return this.#events.length + 1;
  }
  lastSeq(): number {
    return this.#events.length;
  }
  findDecision(decisionId: string): StoredEvent | null {
    return this.#decisions.get(decisionId) ?? null;
  }
  findDecisionByRequest(): null {
    return null;
  }
  readDecisions(): { readonly events: readonly StoredEvent[]; readonly next: string | null } {
    return { events: [], next: null };
  }
  *iterateEvents(): Generator<StoredEvent, void, undefined> {
    yield* this.#events;
  }
}
