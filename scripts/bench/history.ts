import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import type { IncomeEvent } from '../../daemon/engine/records/venue-events.ts';
import { DECISION_KIND, readPayload } from '../../daemon/ledger/chain/hash-chain.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { HEAD_KIND } from '../../daemon/ledger/proofs/head-records.ts';
import type { LedgerEvent } from '../../daemon/ledger/types.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';

/** So many of the newest decisions are of the last seven days. */
const RECENT_DECISIONS = 200_000;
const RECENT_MS = 7 * 86_400_000;
/** Records of one commit. */
const BATCH = 500;
const ID =
  /\b(d-[0-9a-z]{6}-|hf[0-9a-z]{6})([0-9a-z]+)|"(market_seq|state_seq|asked_seq)":(\d+)|"(trade_id|venue_order_id)":"(\d+)"|(?<![\d.])(\d{13})(?![\d.])/g;

export interface HistoryOptions {
  /** A ledger of a daemon that was stopped; it grows. */
  readonly path: string;
  /** The record behind which it has done all that is repeated, longer ago than the history is long. */
  readonly afterSeq: number;
  readonly decisions: number;
}

/** Time that a history of so many decisions takes, ms. */
export function spanOf(decisions: number): number {
  return RECENT_MS * Math.max(1, decisions / RECENT_DECISIONS);
}

/** Repeats what a daemon recorded, with ids and times of their own, by the ledger's own writer. */
export function writeHistory({ path, afterSeq, decisions }: HistoryOptions): { readonly records: number } {
  let nowMs = 0;
  const ledger = openLedger({ path, venue: 'paper', account: 'main', now: () => nowMs, time: SYSTEM_TIME });
  try {
    const recorded = [...ledger.iterateEvents({ fromSeq: afterSeq + 1 })];
    const first = recorded[0];
    // A head that the stop has signed is of its own place in the chain alone.
    const model = recorded.slice(0, recorded.findLastIndex(({ kind }) => kind !== HEAD_KIND) + 1);
    const last = model.at(-1);
    const each = model.filter(({ kind }) => kind === DECISION_KIND).length;
    if (first === undefined || last === undefined || each === 0) throw new Error('there is nothing to repeat');
    if (model.some(({ kind }) => kind === HEAD_KIND)) throw new Error('a head was signed amid what is to be repeated');
    const rounds = Math.ceil(decisions / each);
    const spanMs = spanOf(decisions);
    const stepMs = spanMs / rounds;
    if (stepMs < last.at_ms - first.at_ms) throw new Error('what is repeated takes longer than there is time');
    const endMs = Date.now() - 60_000;
    if (Math.round(endMs - spanMs + stepMs) - last.at_ms + first.at_ms < last.at_ms)
      throw new Error('what is repeated is not older than the history');
    let batch: LedgerRecord[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const shift: Shift = {
        seqs: recorded.length + (round - 1) * (model.length + 1),
        fromSeq: first.seq,
        ms: Math.round(endMs - spanMs + round * stepMs) - last.at_ms,
        ids: round * 1_000_000,
      };
      for (const event of model) {
        batch.push(repeat(event, shift));
        nowMs = event.at_ms + shift.ms;
        if (batch.length < BATCH) continue;
        ledger.appendSync(batch);
        batch = [];
      }
      // A daemon reads what was booked every few minutes; the model is shorter than that.
      batch.push({ kind: 'income', at_ms: nowMs, payload: { read_to_ms: nowMs, rows: [] } satisfies IncomeEvent });
    }
    ledger.appendSync(batch);
    return { records: ledger.lastSeq() };
  } finally {
    ledger.close();
  }
}

interface Shift {
  readonly seqs: number;
  /** Earlier records keep their numbers. */
  readonly fromSeq: number;
  readonly ms: number;
  readonly ids: number;
}

function repeat({ at_ms, kind, seq, text }: LedgerEvent, shift: Shift): LedgerRecord {
  const seqOf = (old: number): number => (old < shift.fromSeq ? old : old + shift.seqs);
  const again = text.replaceAll(ID, (whole, id, idSeq, seqKey, oldSeq, idKey, oldId, ms) => {
    if (id !== undefined) return `${id}${seqOf(Number.parseInt(idSeq, 36)).toString(36)}`;
    if (seqKey !== undefined) return `"${seqKey}":${seqOf(Number(oldSeq))}`;
    if (idKey !== undefined) return `"${idKey}":"${Number(oldId) + shift.ids}"`;
    return ms === undefined ? whole : String(Number(ms) + shift.ms);
  });
  const atMs = at_ms + shift.ms;
  const place = seq + shift.seqs;
  return { kind, at_ms: atMs, payload: readPayload(kind, JSON.parse(again), place, atMs), seq: place, text: again };
}
