import type { Started } from '../flow/step.ts';

/** What a task has begun: at nearly every tick nothing, since nothing is due. */
export type Begun = readonly Started<unknown>[];
/**
 * Tasks that follow from the views, whether or not the feeds could be read. Each is called at every tick, even while work
 * of an earlier call is in progress: it starts what is due and not in progress.
 */
export interface KeeperTasks {
  /** Cancels that are not proven are sent again. */
  retryCancels(): Begun;
  /** What opens on an authority that has ended is dropped or canceled. */
  endAuthorities(): Begun;
  /** The venue's dead-man countdowns are set, set again, or ended. */
  countdowns(): Begun;
  /** Exits continue. */
  exits(): Begun;
  /** Resting orders that no longer fit are canceled. */
  reviewStanding(): Begun;
  /** An operator's flatten continues to close what is left. */
  flatten(): Begun;
  /** Protective stops, which depend on positions having been read once. */
  protect(): Begun;
  /** Cuts of positions above their caps, which also depend on prices. */
  cutBack(): Begun;
}
