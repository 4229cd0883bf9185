import type { TradeEvent } from '../events.ts';
import { keeps } from './keep.ts';
import { TextRows } from './text-rows.ts';

/** Older ones are in the ledger only: `audit export --kind trade`. */
export const MAX_FILLS = 10_000;

/**
 * A trade of the venue with whose order it was: known while the order is in the views, which it is when trades come.
 */
export interface RecordedFill {
  readonly seq: number;
  /** Null: of nobody here. */
  readonly agent: string | null;
  /** Whose lots it moved; null: nobody's. */
  readonly holder: string | null;
  readonly decisionId: string | null;
  readonly trade: TradeEvent;
}

/** The last fills of the account, in the order of their records: most of them as packed texts. */
export class RecentFills {
  #texts: TextRows;
  /** By their numbers, those that a text would not give back bit by bit. */
  #odd = new Map<number, RecordedFill>();
  /** Of each fill that is held, what pages are chosen by. */
  #seqs: number[] = [];
  #agents: (string | null)[] = [];

  static {
    keeps(
      RecentFills,
      (view) => ({ texts: view.#texts, odd: view.#odd, seqs: view.#seqs, agents: view.#agents }),
      (kept) => {
        const made = new RecentFills();
        made.#texts = kept.texts;
        made.#odd = kept.odd;
        made.#seqs = kept.seqs;
        made.#agents = kept.agents;
        return made;
      },
    );
  }

  /** `packs`: {@link TextRows} */
  constructor(packs = true) {
    this.#texts = new TextRows(packs);
  }

  add(fill: RecordedFill): void {
    const text = this.#texts.packs ? textOf(fill) : null;
    const number = this.#texts.push(text ?? '');
    if (text === null) this.#odd.set(number, fill);
    this.#seqs.push(fill.seq);
    this.#agents.push(fill.agent);
    // In bulk, so that each fill is moved once on average. Rows that are not packed forget nothing.
    if (this.#texts.packs && this.#seqs.length >= 2 * MAX_FILLS) this.#forget(this.#texts.end - MAX_FILLS);
  }

  #forget(before: number): void {
    const gone = this.#texts.dropBefore(before);
    this.#seqs = this.#seqs.slice(gone);
    this.#agents = this.#agents.slice(gone);
    for (const number of [...this.#odd.keys()]) if (number < this.#texts.from) this.#odd.delete(number);
  }

  /** The newest `limit` before a record, newest first. `agent` null: everybody's. */
  readBefore(seq: number, limit: number, agent: string | null): readonly RecordedFill[] {
    const page: RecordedFill[] = [];
    const oldest = Math.max(0, this.#seqs.length - MAX_FILLS);
    for (let i = this.#seqs.length - 1; i >= oldest && page.length < limit; i -= 1)
      if (this.#seqs[i]! < seq && (agent === null || this.#agents[i] === agent)) page.push(this.#read(i));
    return page;
  }

  #read(at: number): RecordedFill {
    const number = this.#texts.from + at;
    return this.#odd.get(number) ?? fillOf(this.#texts.get(number) ?? '');
  }
}

const MEMBERS = [
  'at_venue_ms',
  'client_order_id',
  'fee_usdt',
  'is_maker',
  'quantity_e8',
  'price',
  'realised_pnl_usdt',
  'side',
  'symbol',
  'trade_id',
] as const satisfies readonly (keyof TradeEvent)[];
true satisfies Exclude<keyof TradeEvent, (typeof MEMBERS)[number]> extends never ? true : never;

/** Null: it would not come back the same. */
function textOf({ agent, decisionId, holder, seq, trade }: RecordedFill): string | null {
  const row: unknown[] = [seq, agent, holder, decisionId];
  for (const member of MEMBERS) {
    if (!isSameAsText(trade[member])) return null;
    row.push(trade[member]);
  }
  return Object.keys(trade).length === MEMBERS.length ? JSON.stringify(row) : null;
}
function fillOf(text: string): RecordedFill {
  const [seq, agent, holder, decisionId, ...values] = JSON.parse(text);
  return {
    seq,
    agent,
    holder,
    decisionId,
    trade: Object.fromEntries(MEMBERS.map((member, i) => [member, values[i]])) as never,
  };
}

function isSameAsText(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}
