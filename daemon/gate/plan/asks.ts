import type { Ask } from '../snapshot/inputs.ts';
import type { OrderState } from '../state/orders.ts';
import type { ReviewPlace } from './standing.ts';

/** What is asked of a decision beside its request; each kind of ask fills in what is its own. */
export type AskDraft = { -readonly [Key in keyof Ask]: Ask[Key] };

/** The first decision on what a caller, or the gate itself, asks for. Written out: copying members is slower. */
export function parentAsk(
  place: ReviewPlace,
  tokenSkillSha256: string | null,
  schemaViolation: string | null,
  own: OrderState | null,
  target: OrderState | null,
): AskDraft {
  return {
    phase: 'parent',
    venue: place.venue,
    accountName: place.account,
    tokenSkillSha256,
    schemaViolation,
    own,
    leaving: null,
    exitRung: 0,
    sliceLots: null,
    parentPriceTicks: null,
    grant: null,
    target,
  };
}

/** A later order of what was permitted: a slice that falls due, or the next order of an exit. */
export function laterAsk(
  place: ReviewPlace,
  tokenSkillSha256: string | null,
  own: OrderState | null,
  lots: number,
): AskDraft {
  const ask = parentAsk(place, tokenSkillSha256, null, own, null);
  ask.phase = 'slice';
  ask.sliceLots = lots;
  return ask;
}
