/**
 * The change that makes a key of the policy looser: that may let through what was refused, cut or delayed before, or may
 * weaken an exit or a stop. Where no direction is provable, any change counts.
 */
export type Direction =
  /** Never looser: a label. */
  | 'free'
  /** Every change counts as looser. */
  | 'any_change'
  | 'larger'
  /** Like `larger`, and 0, which is none at all, is the loosest; absent is DEADMAN_MS. */
  | 'larger_or_off'
  | 'smaller'
  /** Like `larger` and `smaller`, for keys that decide the regime: sound only while a higher regime is never looser. */
  | 'larger_by_regime'
  | 'smaller_by_regime'
  /** A number, or a fraction as text, compared by value; absent is 1. Larger is looser. */
  | 'factor'
  /** true -> false (or absent) is looser. */
  | 'turned_off'
  /** A new member is looser. */
  | 'more_members'
  /** {max, window_ms}: looser unless every sequence that it permits was permitted before. */
  | 'rate'
  /** In order of looseness: a later word than before is looser. */
  | readonly string[]
  /** Step functions of one level: looser where a factor rises, or reduce_only ends, at any level. */
  | 'tiers'
  /** Step functions of provenance and capability risk, likewise. */
  | 'trust_tiers'
  /** sha256 -> trust: looser where any digest, listed or not, is trusted more than before. */
  | 'skills'
  /** name -> schema: a new name, or another schema, is looser. */
  | 'allowed_tools'
  /** name -> schema: a removed name, or another schema, is looser. */
  | 'tool_schemas'
  /** Looser where an order goes out without an approval that it needed before, or with an easier one. */
  | 'approvals'
  /** name -> section: looser where any agent, listed or not, has wider limits than before. */
  | 'agents';

/** The same for the keys of an agent's section. Absent, they bind nothing. */
export type AgentDirection =
  /** A part of the account's policy: each of its keys as there. */
  | 'key_by_key'
  /** Looser where an instant is open that was closed before. */
  | 'schedule'
  | 'larger'
  /** Step functions of the loss, as `tiers`. */
  | 'loss_tiers'
  /** Looser where a symbol that was kept from the others no longer is. */
  | 'fewer_members';

/** What a tightening bears on: the account, each symbol, each caller, or what the signal names. */
export type Scope = 'account' | 'symbol' | 'caller' | 'signal';
export interface Bearing {
  /** Null: it tightens nothing. */
  readonly scope: Scope | null;
  /** On what rests, too (rule 15), and not only on what is asked or sent from then on. */
  readonly rests: boolean;
}
export const NOTHING: Bearing = { scope: null, rests: false };
export const rests = (scope: Scope): Bearing => ({ scope, rests: true });
export const asked = (scope: Scope): Bearing => ({ scope, rests: false });

export interface KeyRow extends Bearing {
  readonly direction: Direction;
  /** What stands for the key where it may be left out, and is compared as a number. */
  readonly absent?: number;
}
