/**
 * Whose a symbol is (DESIGN 12.1). One agent holds it from the record of its first permitted opening until the
 * position is flat and no order of that agent there can still fill. What no record of the holder explains is
 * nobody's. Sizes in units of 1e-8.
 */
export interface Holding {
  /** The agent that holds the symbol; null: none does. */
  holder: string | null;
  /** Several agents held it by records of before this contract: none does until it is flat, or adopted. */
  isContested: boolean;
  /** An operator released it from this agent, which opens nothing until the symbol is free, or until then. */
  release: Release | null;
}
interface Release {
  readonly agent: string;
  /** How long after the symbol is free, ms. */
  readonly forMs: number;
  /** Domain time; null: the symbol is not free yet. */
  untilMs: number | null;
}

/** Signed quantities, in units of 1e-8, of a position, and those of them that are nobody's. */
export interface OwnedPosition {
  quantityE8: number;
  unownedE8: number;
}

/** Signed quantity, in units of 1e-8, that the holder's own fills opened and that are not closed. */
export function ownE8({ quantityE8, unownedE8 }: OwnedPosition): number {
  return quantityE8 - unownedE8;
}

/** What one move closed and opened, in units of 1e-8; both, where it turned from one side to the other. */
export interface MovedLots {
  readonly closed: number;
  readonly opened: number;
}

/** A move of `signed` by what was held before, both in units of 1e-8. */
export function movedLots(held: number, signed: number): MovedLots {
  const closed = held * signed < 0 ? Math.min(Math.abs(held), Math.abs(signed)) : 0;
  return { closed, opened: Math.abs(signed) - closed };
}

/**
 * Moves lots as a fill does. Exits of the holder and of the gate take its lots first, what else closes takes nobody's
 * first; what is left over opens, for the holder or for nobody. Call it before `quantityE8` itself moves. Answers with the
 * holder's part.
 */
export function moveOwned(position: OwnedPosition, signed: number, isHolders: boolean): MovedLots {
  let left = signed;
  const own = ownE8(position);
  const take = (held: number): number => {
    if (held * left >= 0) return 0;
    const taken = Math.sign(left) * Math.min(Math.abs(left), Math.abs(held));
    left -= taken;
    return taken;
  };
  if (isHolders) {
    const closed = Math.abs(take(own));
    position.unownedE8 += take(position.unownedE8);
    return { closed, opened: Math.abs(left) };
  }
  position.unownedE8 += take(position.unownedE8);
  const closed = Math.abs(take(own));
  position.unownedE8 += left;
  return { closed, opened: 0 };
}
