/** Time as a plan reads it. In a replay wall time is domain time. */
export interface PlanClock {
  /** Domain time, UTC milliseconds. */
  nowMs(): number;
  /** Wall time that never goes back, ms from an unspecified origin. */
  wallMs(): number;
  /** Domain milliseconds per wall millisecond; 0: domain time moves in steps. */
  readonly scale: number;
}
