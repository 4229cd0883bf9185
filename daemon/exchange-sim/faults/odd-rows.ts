import type { TimePort } from '../../time/time-port.ts';
import type { Params } from '../refusals/params.ts';

interface OddRow {
  readonly path: string;
  readonly symbol: string;
  readonly patch: Readonly<Record<string, unknown>>;
  readonly untilMs: number;
}

/** Rows of lists that say what no documentation does, for a while. */
export class OddRows {
  readonly #time: TimePort;
  #rows: OddRow[] = [];

  constructor(time: TimePort) {
    this.#time = time;
  }

  clear(): void {
    this.#rows = [];
  }

  add(row: Omit<OddRow, 'untilMs'>, ms: number): void {
    this.#rows.push({ ...row, untilMs: this.#time.monotonicMs() + ms });
  }

  /** The list with the odd fields in each row of their symbol; a row of them alone where the list has none. */
  shown(path: string, params: Params, body: unknown): unknown {
    if (this.#rows.length === 0 || !Array.isArray(body)) return body;
    const nowMs = this.#time.monotonicMs();
    this.#rows = this.#rows.filter(({ untilMs }) => nowMs < untilMs);
    const asked = params.text('symbol');
    let list = body as readonly Readonly<Record<string, unknown>>[];
    for (const { patch, path: ofPath, symbol } of this.#rows) {
      if (ofPath !== path || (asked !== undefined && asked !== symbol)) continue;
      const isListed = list.some((row) => row.symbol === symbol);
      list = isListed
        ? list.map((row) => (row.symbol === symbol ? { ...row, ...patch } : row))
        : [...list, { symbol, ...patch }];
    }
    return list;
  }
}
