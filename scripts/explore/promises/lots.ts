import { isLiquidation } from '../../../daemon/engine/accounts/income-rows.ts';
import { at, type Breach } from '../breach.ts';
import type { History, Note } from '../history.ts';
import type { Belief } from '../lots/beliefs.ts';
import { type PlainLots, readPlainLots } from '../plain/plain-lots.ts';
import type { Fill } from '../records.ts';

/**
 * What the gate holds for an agent's is what the exchange's own books say that agent opened and nobody has closed, after each
 * record by which the gate knows all that has filled.
 * @except what people traded since then is known by the sum that a reading shows, where they traded more than once, or beside an
 * order of ours
 * @except a liquidation is the holder's once its trades are read
 */
export function findLotBreaches(history: History): readonly Breach[] {
  const { events, world } = history;
  // In real time nobody notes what a gate believes.
  if (world.beliefs.isEmpty) return [];
  const known = new KnownFills(history);
  const books = new Map<string, Books>();
  const breaches: Breach[] = [];
  for (const note of events) {
    known.note(note);
    for (const belief of world.beliefs.of(note.event)) {
      const { symbol } = belief;
      const of = books.get(symbol) ?? new Books(history, symbol);
      books.set(symbol, of);
      const detail = of.compare(belief, note, known);
      if (detail !== null) breaches.push({ code: 'lots/books', detail: `record ${note.seq}, ${symbol}: ${detail}` });
    }
  }
  // The others follow from the first.
  return breaches.slice(0, 1);
}

/** What records tell of fills: of orders of ours by their reports, of liquidations by their trades. */
class KnownFills {
  readonly #history: History;
  readonly #executed = new Map<string, number>();

  constructor(history: History) {
    this.#history = history;
  }

  note({ event }: Note): void {
    if (event.kind === 'order') {
      const { another, client_order_id: id, executed_e8: executedE8 } = event.payload;
      if (another !== true && this.#history.orders.has(id))
        this.#executed.set(id, Math.max(executedE8, this.#executed.get(id) ?? 0));
    } else if (event.kind === 'trade' && isLiquidation(event.payload))
      add(this.#executed, event.payload.client_order_id ?? '', event.payload.quantity_e8);
  }

  /** Everything but what people traded. */
  hasAll(fills: readonly Fill[]): boolean {
    const filled = new Map<string, number>();
    for (const { clientId, order, quantityE8 } of fills)
      if (order !== null || isLiquidation({ client_order_id: clientId })) add(filled, clientId, quantityE8);
    return [...filled].every(([id, quantityE8]) => this.#executed.get(id) === quantityE8);
  }
}
function add(sums: Map<string, number>, key: string, quantityE8: number): void {
  sums.set(key, (sums.get(key) ?? 0) + quantityE8);
}

/** The exchange's books of one symbol, beside what the gate has of it. */
class Books {
  readonly #fills: readonly Fill[];
  readonly #steps: ReturnType<typeof readPlainLots>;
  /** Until then both have the same of each. */
  #sameMs = Number.NEGATIVE_INFINITY;

  constructor(history: History, symbol: string) {
    this.#fills = history.fills.filter((fill) => fill.symbol === symbol);
    this.#steps = readPlainLots(history, symbol);
  }

  /** How they differ; null: they do not, or the gate cannot know. */
  compare({ held, holder, own }: Belief, { atMs, seq }: Note, known: KnownFills): string | null {
    const made = this.#fills.filter((fill) => fill.atMs <= atMs);
    const lots =
      this.#steps.findLast((step) => step.atMs <= atMs && step.seq <= seq)?.lots ?? new Map<string, number>();
    let total = 0;
    for (const quantityE8 of lots.values()) total += quantityE8;
    if (held !== total || !known.hasAll(made)) return null;
    const wanted = holder === null ? 0 : (lots.get(holder) ?? 0);
    if (wanted === own) {
      this.#sameMs = atMs;
      return null;
    }
    const since = made.filter((fill) => fill.atMs >= this.#sameMs);
    const byPeople = since.filter(
      ({ clientId, order }) => order === null && !isLiquidation({ client_order_id: clientId }),
    );
    if (byPeople.length > 1 || (byPeople.length === 1 && since.length > 1)) return null;
    return `at ${at(atMs)} the gate has ${own} of ${holder ?? 'no holder'}; the books ${tell(lots)}`;
  }
}
function tell(lots: PlainLots): string {
  return [...lots].map(([owner, quantityE8]) => `${quantityE8} of ${owner || 'nobody'}`).join(' and ') || 'nothing';
}
