import type { Batch, By, ClaimOfLots, LotOrder, Lots, Owner } from '../words.ts';

/** {@link Lots} while they are folded. */
export interface FoldedLots extends Lots {
  readonly batches: Batch[];
  owed: number;
  /** What was asked for before that record is nobody's. */
  disownedSeq: number;
}

/** One thing that happened to a position, in the venue's order. */
export type Entry =
  | {
      readonly kind: 'fill';
      readonly atMs: number;
      /** Of the trade; null: a report tells of it, and its trades are not read yet. */
      readonly number: number | null;
      /** Signed. */
      readonly lots: number;
      readonly order: LotOrder;
    }
  | {
      readonly kind: 'adopted';
      readonly atMs: number;
      readonly seq: number;
      readonly held: number;
      readonly isDated: boolean;
    }
  | { readonly kind: 'given'; readonly atMs: number; readonly owner: Owner }
  | { readonly kind: 'disowned'; readonly atMs: number; readonly seq: number };
type Fill = Extract<Entry, { kind: 'fill' }>;

export function noLots(): FoldedLots {
  return { batches: [], owed: 0, disownedSeq: 0 };
}
export function copyLots({ batches, disownedSeq, owed }: FoldedLots): FoldedLots {
  return { batches: [...batches], owed, disownedSeq };
}

/** Signed; with what is owed. */
export function heldLots({ batches, owed }: Lots): number {
  let held = owed;
  for (const { lots } of batches) held += lots;
  return held;
}
/** Signed lots of one owner's batches. */
export function lotsOf({ batches }: Lots, owner: Owner): number {
  let held = 0;
  for (const batch of batches) if (batch.owner === owner) held += batch.lots;
  return held;
}
/** Lots that a claim may close, without sign. */
export function eligibleLots({ batches }: Lots, claim: ClaimOfLots): number {
  let eligible = 0;
  for (const batch of batches) if (isEligible(batch, claim)) eligible += Math.abs(batch.lots);
  return eligible;
}
function isEligible(batch: Batch, { owner, seq }: ClaimOfLots): boolean {
  return (owner === null || batch.owner === owner) && batch.seq < seq;
}

/** Whose fill, or what a reading shows to be gone. */
type Taker = Pick<LotOrder, 'by' | 'opens' | 'owner' | 'seq'>;

/** Which batches go first: those of the lower rank. */
const RANKS: Readonly<Record<By, (batch: Batch, taker: Taker) => 0 | 1 | 2>> = {
  agent: (batch, taker) => {
    // An opening that closes rested on the other side: which of the two was asked for first does not matter.
    if (taker.opens ? batch.owner === taker.owner : isEligible(batch, taker)) return 0;
    return batch.owner === null ? 1 : 2;
  },
  operator: (batch, taker) => {
    if (batch.owner === null) return 0;
    return isEligible(batch, taker) ? 1 : 2;
  },
  gate: (batch, taker) => {
    if (batch.owner === null) return 2;
    return isEligible(batch, taker) ? 0 : 1;
  },
  venue: ({ owner }) => (owner === null ? 2 : 0),
  person: ({ owner }) => (owner === null ? 0 : 1),
};
const LAST_RANK = 2;

/** Lots after one entry more. */
export function applyEntry(lots: FoldedLots, entry: Entry): void {
  switch (entry.kind) {
    case 'fill':
      applyFill(lots, entry);
      return;
    case 'adopted': {
      const held = heldLots(lots) - lots.owed;
      lots.owed = 0;
      const left = take(lots, entry.held - held, BY_HAND);
      if (left !== 0) lots.batches.push({ owner: null, seq: entry.seq, lots: left });
      return;
    }
    case 'given':
      giveTo(lots, entry.owner);
      return;
    case 'disowned':
      giveTo(lots, null);
      lots.disownedSeq = entry.seq;
  }
}

const BY_HAND: Taker = { by: 'person', opens: true, owner: null, seq: 0 };

function applyFill(lots: FoldedLots, { lots: signed, order }: Fill): void {
  let left = take(lots, signed, order);
  if (left === 0) return;
  if (!order.opens) {
    lots.owed += left;
    return;
  }
  if (lots.owed * left < 0) {
    const paid = Math.sign(left) * Math.min(Math.abs(left), Math.abs(lots.owed));
    lots.owed += paid;
    left -= paid;
  }
  if (left === 0) return;
  const { owner, seq } = order;
  lots.batches.push({ owner: seq < lots.disownedSeq ? null : owner, seq, lots: left });
}

/**
 * Takes lots out of batches of the other side, by rank, and of one rank the youngest first; a person's sale takes the
 * oldest. Answers with what is left over, signed.
 */
function take({ batches }: FoldedLots, signed: number, taker: Taker): number {
  let left = signed;
  if (batches.length === 0 || batches[0]!.lots * left >= 0) return left;
  const rankOf = RANKS[taker.by];
  const isOldestFirst = taker.by === 'person';
  for (let rank = 0; rank <= LAST_RANK && left !== 0; rank += 1)
    for (let step = 0; step < batches.length && left !== 0; step += 1) {
      const at = isOldestFirst ? step : batches.length - 1 - step;
      const batch = batches[at]!;
      if (rankOf(batch, taker) !== rank) continue;
      const taken = Math.sign(left) * Math.min(Math.abs(left), Math.abs(batch.lots));
      left -= taken;
      batches[at] = { ...batch, lots: batch.lots + taken };
    }
  dropEmpty(batches);
  return left;
}
function dropEmpty(batches: Batch[]): void {
  let kept = 0;
  for (const batch of batches) if (batch.lots !== 0) batches[kept++] = batch;
  batches.length = kept;
}

function giveTo({ batches }: FoldedLots, owner: Owner): void {
  for (let at = 0; at < batches.length; at += 1) batches[at] = { ...batches[at]!, owner };
}
