/**
 * One key in which a policy is looser than another. `from` and `to` are the values in the current and the candidate.
 */
export interface LooserKey {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
  readonly why: string;
}
