import type { LotEntry, LotFill, Lots, Owner, Part } from '../words.ts';

export const NO_LOTS: Lots = { parts: [], owedE8: 0 };

/** Signed; with what is owed. */
export function heldE8({ owedE8, parts }: Lots): number {
  let quantityE8 = owedE8;
  for (const part of parts) quantityE8 += part.quantityE8;
  return quantityE8;
}
/** Signed lots of one owner. */
export function lotsOf({ parts }: Lots, owner: Owner): number {
  for (const part of parts) if (part.owner === owner) return part.quantityE8;
  return 0;
}

/** Lots after one entry more. */
export function applyEntry(lots: Lots, entry: LotEntry, holder: Owner): Lots {
  switch (entry.kind) {
    case 'fill':
      return moveLots(lots, entry, holder).lots;
    case 'read': {
      // Nobody knows who traded what a reading shows beside our fills: a person, whose sales take nobody's lots first.
      const held = { parts: lots.parts, owedE8: 0 };
      return moveLots(held, { ...BY_HAND, quantityE8: entry.quantityE8 - heldE8(held) }, holder).lots;
    }
    case 'given': {
      const quantityE8 = heldE8(lots) - lots.owedE8;
      return { ...lots, parts: quantityE8 === 0 ? [] : [{ owner: entry.owner, quantityE8 }] };
    }
  }
}

type Move = Pick<LotFill, 'agentsFirst' | 'opens' | 'owner' | 'quantityE8' | 'seq'>;
const BY_HAND = { agentsFirst: false, opens: true, owner: null, seq: 0 } as const;

/** What a fill did to lots. */
interface MovedLots {
  readonly lots: Lots;
  /** What it closed of each owner, with the sign of the fill. */
  readonly closed: readonly Part[];
  /** What it opened, signed; with what it repaid of what was owed. */
  readonly openedE8: number;
}

/**
 * Closes lots of the other side: those of its owner, then nobody's, then others'; of a cut, a stop or the venue, agents'
 * first. What is left over opens for its owner; of an exit of ours it is owed, and of others' it closed what nobody here
 * knew of (DESIGN 12.1).
 */
export function moveLots({ owedE8, parts }: Lots, fill: Move, holder: Owner): MovedLots {
  let left = fill.quantityE8;
  const closed: Part[] = [];
  const after: Part[] = [];
  for (const part of [...parts].sort((a, b) => rankOf(a.owner, fill, holder) - rankOf(b.owner, fill, holder))) {
    const taken =
      part.quantityE8 * left < 0 ? Math.sign(left) * Math.min(Math.abs(left), Math.abs(part.quantityE8)) : 0;
    left -= taken;
    if (taken !== 0) closed.push({ owner: part.owner, quantityE8: taken });
    if (part.quantityE8 + taken !== 0) after.push({ owner: part.owner, quantityE8: part.quantityE8 + taken });
  }
  if (!fill.opens) return { lots: { parts: after, owedE8: owedE8 + (fill.seq === 0 ? 0 : left) }, closed, openedE8: 0 };
  const repaid = owedE8 * left < 0 ? Math.sign(left) * Math.min(Math.abs(left), Math.abs(owedE8)) : 0;
  const opened = left - repaid;
  const { owner } = fill;
  const own = after.findIndex((part) => part.owner === owner);
  if (opened !== 0 && own === -1) after.push({ owner, quantityE8: opened });
  else if (opened !== 0) after[own] = { owner, quantityE8: after[own]!.quantityE8 + opened };
  return { lots: { parts: after, owedE8: owedE8 + repaid }, closed, openedE8: left };
}

/** Whose lots go first: the lowest. Those of an agent that does not hold the symbol are as nobody's. */
export function rankOf(
  whose: Owner,
  { agentsFirst, owner }: Pick<LotFill, 'agentsFirst' | 'owner'>,
  holder: Owner,
): number {
  const isNobodys = whose === null || (holder !== null && whose !== holder);
  if (agentsFirst) return isNobodys ? 1 : 0;
  if (whose === owner) return 0;
  return isNobodys ? 1 : 2;
}
