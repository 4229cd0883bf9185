import type { Receipt } from '../../contract/bodies/receipt.ts';
import type { ReceiptOutcome } from '../../contract/types/receipts.ts';
import { ROW_FORMS, readRow } from '../../core/record-text/columns.ts';
import type { ReceiptPort } from '../../driver/ports.ts';
import type { DecisionEvent, ExitTargetEvent, OrderEvent } from '../../engine/records/decisions.ts';
import type { HeadEvent, KeyEvent } from '../../engine/records/house-events.ts';
import { isTerminal } from '../../engine/tables/status.ts';
import { batchLeaf, KEY_KIND, recordLeaf } from '../../ledger/proofs/head-records.ts';
import { grow, type HeadSigner, readHashes, readHeads } from '../../ledger/proofs/head-signer.ts';
import type { LedgerEvent, LedgerReader } from '../../ledger/types.ts';
import type { TimePort } from '../../time/time-port.ts';

export interface ReceiptOptions {
  /** Number of the head; absent: the last. */
  readonly head?: number;
  /** Called between parts of the work. */
  readonly turn: () => Promise<void>;
  /** Records that are looked through for the ends of orders. */
  readonly maxRecords: number;
}

/** Records that a running daemon looks through for one receipt; `audit receipt` has no such limit. */
const MAX_RECORDS = 200_000;
/** Records that are looked through at once. */
const WINDOW = 1_000;
/** Orders that one receipt tells the end of. */
const MAX_ORDERS = 24;

/** Receipts of a running daemon. `signer`: null: its ledger signs no heads. */
export function createReceiptPort(ledger: LedgerReader, signer: () => HeadSigner | null, time: TimePort): ReceiptPort {
  const options = { turn: () => time.delay(0), maxRecords: MAX_RECORDS };
  return {
    read: async (decisionId, number) => {
      const signs = signer();
      if (signs === null) return { kind: 'unsigned' };
      if (number !== null) return buildReceipt(ledger, decisionId, { ...options, head: number });
      const outcome = await buildReceipt(ledger, decisionId, options);
      const isShort = outcome.kind === 'uncovered' || (outcome.kind === 'receipt' && !outcome.receipt.is_complete);
      if (!isShort) return outcome;
      const retryAfterMs = await signs.cover(ledger.lastSeq());
      if (retryAfterMs === 0) return buildReceipt(ledger, decisionId, options);
      return outcome.kind === 'uncovered' ? { ...outcome, retryAfterMs } : outcome;
    },
  };
}

/** The receipt of a decision. Everything in it can be verified against the signed head. */
export async function buildReceipt(
  ledger: LedgerReader,
  decisionId: string,
  { head: number, turn, maxRecords }: ReceiptOptions,
): Promise<ReceiptOutcome> {
  const decided = ledger.findDecision(decisionId);
  if (decided === null) return { kind: 'unknown' };
  const heads = await readHeads(ledger, turn);
  const head = heads[(number ?? heads.length) - 1];
  if (number !== undefined && head === undefined) return { kind: 'no_head', last: heads.length };
  if (head === undefined || decided.seq > head.seq)
    return { kind: 'uncovered', coveredTo: head?.seq ?? 0, seq: decided.seq, retryAfterMs: 0 };
  const found = await findOutcomes(ledger, decided, { untilSeq: head.seq, turn, maxRecords });
  const records = [decided, ...found.records];
  const proofs = await prove(ledger, heads.slice(0, head.number), records, turn);
  const policyHash = (decided.payload as DecisionEvent).decision.policy_hash;
  const receipt: Receipt = {
    format: 1,
    decision_id: decisionId,
    ...nameMembers(decided),
    policy: ledger.readPolicy(policyHash) ?? '',
    orders: found.orders,
    end: found.end,
    is_complete: found.isOver,
    genesis: describeRecord(ledger.readEvent(1) as LedgerEvent),
    ...proofs,
    head,
    keys: readKeys(ledger, head.key),
  };
  return { kind: 'receipt', receipt };
}

/** Request, context and decision of the record, its rows with the names of their columns. */
function nameMembers({ text }: LedgerEvent): Pick<Receipt, 'request' | 'context' | 'decision'> {
  const { context, decision, request } = JSON.parse(text) as {
    readonly context: unknown;
    readonly decision: { readonly effective?: unknown; readonly reasons?: readonly unknown[] };
    readonly request: unknown;
  };
  return {
    request: readRow(ROW_FORMS.request, request) as Receipt['request'],
    context: readRow(ROW_FORMS.context, context) as Receipt['context'],
    decision: {
      ...decision,
      ...('effective' in decision ? { effective: readRow(ROW_FORMS.effective, decision.effective) } : {}),
      ...(decision.reasons === undefined
        ? {}
        : { reasons: decision.reasons.map((reason) => readRow(ROW_FORMS.reason, reason)) }),
    },
  };
}

interface Outcomes {
  readonly orders: Receipt['orders'];
  readonly end: Receipt['end'];
  readonly isOver: boolean;
  readonly records: readonly LedgerEvent[];
}

/** The last record of each order, and the decisions that an execution led to. */
async function findOutcomes(
  ledger: LedgerReader,
  decided: LedgerEvent,
  {
    untilSeq,
    turn,
    maxRecords,
  }: { readonly untilSeq: number; readonly turn: () => Promise<void>; readonly maxRecords: number },
): Promise<Outcomes> {
  const walk = new OutcomeWalk(decided);
  const lastSeq = Math.min(untilSeq, decided.seq + maxRecords);
  for (let from = decided.seq + 1; from <= lastSeq && !walk.isOver; from += WINDOW) {
    const to = Math.min(lastSeq, from + WINDOW - 1);
    for (const event of ledger.readOutcomes(from, to, walk.decisionId)) walk.take(event);
    await turn();
  }
  return walk.outcomes();
}

class OutcomeWalk {
  readonly decisionId: string;
  /** The last record of each order, null before its first. */
  readonly #orders = new Map<string, LedgerEvent | null>();
  readonly #later: LedgerEvent[] = [];
  #hasTarget = false;
  #end: LedgerEvent | null = null;
  #isCut = false;

  constructor(decided: LedgerEvent) {
    const payload = decided.payload as DecisionEvent;
    this.decisionId = payload.decision.decision_id;
    this.#plan(payload);
  }

  get isOver(): boolean {
    const isEnded = (event: LedgerEvent | null): boolean => event !== null && isTerminal(event.payload as OrderEvent);
    return [...this.#orders.values()].every(isEnded) && (!this.#hasTarget || this.#end !== null);
  }

  take(event: LedgerEvent): void {
    if (event.kind === 'order') {
      const { client_order_id: id } = event.payload as OrderEvent;
      if (this.#orders.has(id)) this.#orders.set(id, event);
    } else if (event.kind === 'exit_target') {
      const target = event.payload as ExitTargetEvent;
      if (target.decision_id !== this.decisionId) return;
      this.#hasTarget = true;
      if (target.action === 'ended') this.#end = event;
    } else {
      const later = event.payload as DecisionEvent;
      if (later.parent_decision_id !== this.decisionId) return;
      // The orders of slices are those of their parent; only further orders need the record that led to them.
      if (this.#plan(later)) this.#later.push(event);
    }
  }

  /** Whether there are orders that were not known before. */
  #plan({ orders }: DecisionEvent): boolean {
    let isNew = false;
    for (const { client_order_id: id } of orders) {
      if (this.#orders.has(id)) continue;
      if (this.#orders.size >= MAX_ORDERS) this.#isCut = true;
      else {
        this.#orders.set(id, null);
        isNew = true;
      }
    }
    return isNew;
  }

  outcomes(): Outcomes {
    const last = [...this.#orders.values()].filter((event) => event !== null);
    return {
      orders: [...this.#orders].map(([client_order_id, event]) => ({
        client_order_id,
        seq: event?.seq ?? null,
        outcome: event === null ? null : (event.payload as OrderEvent & Record<string, unknown>),
      })),
      end: this.#end === null ? null : (this.#end.payload as Receipt['end']),
      isOver: this.isOver && !this.#isCut,
      records: [...this.#later, ...last, ...(this.#end === null ? [] : [this.#end])],
    };
  }
}

/** The way from each record to the root of its batch, and from there to that of all batches. */
async function prove(
  ledger: LedgerReader,
  heads: readonly HeadEvent[],
  events: readonly LedgerEvent[],
  turn: () => Promise<void>,
): Promise<Pick<Receipt, 'records' | 'batches'>> {
  const paths = new Map<number, readonly string[]>();
  const batches: Receipt['batches'][number][] = [];
  const tree = await grow(heads.map(batchLeaf), turn);
  for (const { batch_root, first_seq, number, seq } of heads) {
    const inside = events.filter((event) => event.seq >= first_seq && event.seq <= seq);
    if (inside.length === 0) continue;
    const hashes = await readHashes(ledger, first_seq, seq, turn);
    const batch = await grow(hashes.map(recordLeaf), turn);
    for (const event of inside) paths.set(event.seq, batch.path(event.seq - first_seq));
    batches.push({ number, first_seq, seq, batch_root, path: tree.path(number - 1) });
  }
  const records = events.map((event) => ({ ...describeRecord(event), path: [...(paths.get(event.seq) ?? [])] }));
  return { records, batches };
}

function describeRecord({ at_ms, kind, prev_hash, seq, text }: LedgerEvent): Receipt['genesis'] {
  return { seq, at_ms, kind, payload: text, prev_hash };
}

/** Every key up to the one that signed. */
function readKeys(ledger: LedgerReader, signer: string): KeyEvent[] {
  const keys = [...ledger.iterateEvents({ kind: KEY_KIND })].map(({ payload }) => payload as KeyEvent);
  return keys.slice(0, keys.findLastIndex(({ key }) => key === signer) + 1);
}
