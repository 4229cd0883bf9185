/** The policy in force, a check of another, and its reload. */
import type { ReadinessBody } from './operator.ts';

export interface PolicyBody {
  readonly hash: string;
  readonly name: string;
  readonly policy: unknown;
  readonly pending: ReadinessBody['pending_policy'];
}
export type PolicyCheckBody =
  | {
      readonly ok: true;
      readonly hash: string;
      readonly looser: readonly string[];
      readonly warnings: readonly string[];
    }
  | {
      readonly ok: false;
      readonly violations: readonly {
        readonly path: string;
        readonly message: string;
        readonly value?: unknown;
        readonly allowed?: string;
      }[];
    };
export type ReloadBody =
  | { readonly status: 'in_force'; readonly hash: string }
  | {
      readonly status: 'pending';
      readonly hash: string;
      readonly looser: readonly string[];
      readonly not_before_ms: number | null;
    };
/** `refused`: the hash is not that of the pending policy (null: none is pending); a 409 over HTTP. */
export type ReloadOutcome =
  | ReloadBody
  | { readonly status: 'refused'; readonly message: string; readonly pending_hash: string | null };
