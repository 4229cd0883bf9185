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
