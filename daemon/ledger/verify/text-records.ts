import type { Database, Statement } from 'better-sqlite3';
import { DECISION_KIND } from '../chain/hash-chain.ts';
import type { LedgerEvent, LedgerReader } from '../types.ts';

const SIGNAL_KIND = 'signal';
const ERASED_KIND = 'text_erased';

/** What a span of records says of free texts that are not stored. */
export interface TextFindings {
  readonly gone: readonly { readonly seq: number; readonly hash: string }[];
  /** By records of their erasure. */
  readonly erased: readonly string[];
}

/** Looks up the text of each digest that a record holds. */
export class TextCheck {
  readonly #stored: Statement<[string], number>;
  readonly #gone: { seq: number; hash: string }[] = [];
  readonly #erased: string[] = [];

  constructor(db: Database) {
    this.#stored = db.prepare<[string], number>('SELECT 1 FROM texts WHERE hash = ?').pluck();
  }

  note(event: LedgerEvent): void {
    const { kind, payload, seq } = event;
    if (kind === ERASED_KIND) this.#erased.push(...erasedBy(event));
    for (const hash of digestsOf(kind, payload))
      if (this.#stored.get(hash) === undefined) this.#gone.push({ seq, hash });
  }

  get findings(): TextFindings {
    return { gone: this.#gone, erased: this.#erased };
  }
}

function digestsOf(kind: string, payload: unknown): readonly string[] {
  if (kind === DECISION_KIND) return Object.values((payload as { texts?: Record<string, string> }).texts ?? {});
  const hash = kind === SIGNAL_KIND ? (payload as { evidence_hash?: string | null }).evidence_hash : null;
  return typeof hash === 'string' ? [hash] : [];
}

const MAX_ERASED = 5_000;
/** What records behind `afterSeq` say was erased. */
export function readErased(reader: Pick<LedgerReader, 'readEvents'>, afterSeq: number): TextFindings {
  const records = reader.readEvents({ fromSeq: afterSeq + 1, kind: ERASED_KIND, limit: MAX_ERASED });
  return { gone: [], erased: records.flatMap(erasedBy) };
}
function erasedBy({ payload }: LedgerEvent): readonly string[] {
  return (payload as { readonly hashes: readonly string[] }).hashes;
}

/** Texts that were erased, and the first that is gone without a record of that. */
export function concludeTexts(spans: readonly TextFindings[]): {
  readonly erased: number;
  readonly lost: TextFindings['gone'][number] | null;
} {
  const erased = new Set(spans.flatMap((span) => span.erased));
  const gone = spans.flatMap((span) => span.gone);
  return {
    erased: new Set(gone.map(({ hash }) => hash)).size,
    lost: gone.find(({ hash }) => !erased.has(hash)) ?? null,
  };
}
