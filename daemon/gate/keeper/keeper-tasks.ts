/** What a task has started, until that is done; null: nothing was due, as at nearly every tick. */
export type Started = Promise<unknown> | null;
/**
 * Tasks that follow from the views, whether or not the feeds could be read. Each is called at every tick, even while work
 * of an earlier call is in progress: it starts what is due and not in progress.
 */
export interface KeeperTasks {
  /** Cancels that are not proven are sent again. */
  retryCancels(): Started;
  /** What opens on an authority that has ended is dropped or canceled. */
  endAuthorities(): Started;
  /** The venue's dead-man countdowns are set, set again, or ended. */
  countdowns(): Started;
  /** Exits continue. */
  exits(): Started;
  /** Resting orders that no longer fit are canceled. */
  reviewStanding(): Started;
  /** An operator's flatten continues to close what is left. */
  flatten(): Started;
  /** Protective stops, which depend on positions having been read once. */
  protect(): Started;
  /** Cuts of positions above their caps, which also depend on prices. */
  cutBack(): Started;
}
