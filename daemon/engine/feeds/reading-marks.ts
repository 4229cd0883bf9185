import type { LiveCore } from '../flow/core.ts';
import { type Flow, onDisk } from '../flow/step.ts';

const NAME = 'readings';

/** When something was last read completely, domain ms, and for which symbols. */
interface Mark {
  readonly at_ms: number;
  readonly symbols: readonly string[];
}
const MARKS = ['all_orders', 'compared', 'mode', 'transfers'] as const;
export type MarkName = (typeof MARKS)[number];
interface Stored {
  /** The ledger's head when the last mark was set: their results are recorded up to there. */
  readonly seq: number;
  readonly marks: { readonly [name in MarkName]?: Mark };
}

/**
 * When the account-wide lists were last read, across restarts: a start reads again only what is too old. The result of
 * a list is in the ledger. A mark is written once that is on disk; a mark ahead of the ledger counts as absent.
 */
export class ReadingMarks {
  readonly #core: LiveCore;
  readonly #marks = new Map<MarkName, Mark>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** Precondition: domain time is known, the ledger is folded. */
  load(): void {
    const stored = this.#core.ports.startCache?.read(NAME);
    if (!isStored(stored) || stored.seq > this.#core.ports.ledger.lastSeq()) return;
    for (const name of MARKS) {
      const mark = stored.marks[name];
      if (mark !== undefined) this.#marks.set(name, mark);
    }
  }

  /** Notes a complete read at this time, for its symbols. */
  note(name: MarkName, atMs: number, symbols: readonly string[] = []): void {
    const { ledger, startCache } = this.#core.ports;
    this.#marks.set(name, { at_ms: atMs, symbols });
    if (startCache === undefined) return;
    const stored: Stored = { seq: ledger.lastSeq(), marks: Object.fromEntries(this.#marks) };
    const write = function* (): Flow<void> {
      yield* onDisk();
      startCache.write(NAME, stored);
    };
    // A failing ledger has already been reported.
    this.#core.begin(write()).onEnd(() => undefined);
  }

  /** Domain ms since it was read of all of these symbols; infinite: it was not, or at a time that is still to come. */
  ageMs(name: MarkName, symbols: readonly string[] = []): number {
    const mark = this.#marks.get(name);
    if (mark === undefined || symbols.some((symbol) => !mark.symbols.includes(symbol))) return Number.POSITIVE_INFINITY;
    const ageMs = this.#core.nowMs() - mark.at_ms;
    return ageMs >= 0 ? ageMs : Number.POSITIVE_INFINITY;
  }

  /** When it was last read, domain ms. */
  atMs(name: MarkName): number | null {
    return this.#marks.get(name)?.at_ms ?? null;
  }

  /** Discards all marks: the clock that dated them has jumped. */
  forget(): void {
    this.#marks.clear();
  }
}

function isStored(value: unknown): value is Stored {
  if (!isObject(value) || !Number.isSafeInteger(value.seq) || !isObject(value.marks)) return false;
  return Object.values(value.marks).every(
    (mark) => isObject(mark) && Number.isFinite(mark.at_ms) && Array.isArray(mark.symbols),
  );
}
function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}
