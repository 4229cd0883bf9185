import type { ExecutionContext } from '../../core/context.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { heldIn } from '../kept/collections.ts';
import type { DecisionEvent, RecordedDecision as DecisionRecord } from '../records/decisions.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { RulesEvent } from '../records/venue-events.ts';
import { isForeignTool } from './retell.ts';

/** The parts of a ledger record that are read here. */
export interface HistoryRecord {
  readonly seq: number;
  readonly at_ms: number;
  readonly payload: unknown;
}
/** The read side of a ledger (ledger/types.ts `LedgerReader` fills it). */
export interface HistorySource {
  lastSeq(): number;
  readEvent(seq: number): HistoryRecord | null;
  /** Newest first. */
  readDecisions(query: { readonly limit: number; readonly cursor?: string }): {
    readonly events: readonly HistoryRecord[];
    readonly next: string | null;
  };
  /** Ascending. */
  iterateEvents(query: { readonly kind: string }): Iterable<HistoryRecord>;
  /** Canonical JSON of the policy with this hash. */
  readPolicy(hash: string): string | null;
}

export interface RecordedDecision {
  readonly seq: number;
  readonly atMs: number;
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
  readonly decision: DecisionRecord;
  readonly event: DecisionEvent;
  readonly isForeignTool: boolean;
}

const PAGE = 500;

/** Decisions from `sinceMs` on, newest first. A page entirely before it ends the walk. */
export function* walkDecisions(source: HistorySource, sinceMs: number): Generator<RecordedDecision, void> {
  let cursor: string | null = null;
  do {
    const page = source.readDecisions({ limit: PAGE, ...(cursor === null ? {} : { cursor }) });
    let isBefore = true;
    for (const record of page.events) {
      if (record.at_ms < sinceMs) continue;
      isBefore = false;
      yield toRecorded(record);
    }
    cursor = isBefore ? null : page.next;
  } while (cursor !== null);
}

function toRecorded({ seq, at_ms, payload }: HistoryRecord): RecordedDecision {
  const event = payload as DecisionEvent;
  const { request, context, decision } = event;
  return { seq, atMs: at_ms, request, context, decision, event, isForeignTool: isForeignTool(event) };
}

/** The exchange's filters and brackets of a symbol, as known just before a record. */
export type RulesAt = (symbol: string, seq: number) => SymbolRules | null;

/** Reads every `rules` record once: there is one per change, not one per decision. */
export function indexRules(source: HistorySource): RulesAt {
  const bySymbol = new Map<string, { readonly seq: number; readonly rules: SymbolRules }[]>();
  for (const { seq, payload } of source.iterateEvents({ kind: 'rules' })) {
    const { rules } = payload as RulesEvent;
    heldIn(bySymbol, rules.symbol, () => []).push({ seq, rules });
  }
  return (symbol, seq) => bySymbol.get(symbol)?.findLast((each) => each.seq < seq)?.rules ?? null;
}
