import { type CompiledPolicy, compilePolicy } from '../../core/compiled-policy.ts';
import type { ExecutionContext } from '../../core/context.ts';
import { decide } from '../../core/decide/decide.ts';
import type { ExecutionDecision, Verdict } from '../../core/decision.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { heldIn } from '../kept/collections.ts';
import { viewRules } from '../snapshot/snapshot.ts';
import { ALWAYS, type Caveat, findCaveats } from './caveats.ts';
import { CHANGES, type Change, classifyChange, type DiffSide, describeSide, hasOtherReasons } from './compare.ts';
import { type HistorySource, indexRules, type RecordedDecision, type RulesAt, walkDecisions } from './recorded.ts';
import { deriveAsRecorded, lookUpPolicies, type PolicyLookup } from './retell.ts';

export interface PolicyDiffOptions {
  readonly candidate: { readonly spec: IntendedPolicySpec; readonly hash: string };
  /** Start of the comparison, ms. */
  readonly sinceMs: number;
  /**
   * Includes decisions that are no tool calls: intercepts, dry runs, slices, standing reviews, the gate's own exits.
   */
  readonly allKinds: boolean;
  /** How many changes are listed, newest first. All are counted. */
  readonly limit: number;
  /** How many decisions are looked at, newest first; absent: all. */
  readonly most?: number;
}
export interface DiffEntry {
  readonly decision_id: string;
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly change: Change;
  readonly request: ExecutionRequest;
  readonly policy_hash: string;
  readonly recorded: DiffSide;
  readonly candidate: DiffSide;
}
export interface PolicyDiff {
  readonly candidate: { readonly name: string; readonly hash: string };
  readonly since_ms: number;
  /** Time of the ledger's last record. */
  readonly until_ms: number;
  /** Decisions before this time were left off, since there were too many; null: none were. */
  readonly left_off_before_ms: number | null;
  /** Policies that decided the requests, newest first. */
  readonly recorded: readonly { readonly name: string; readonly hash: string; readonly requests: number }[];
  readonly totals: { readonly [change in Change]: number } & {
    readonly requests: number;
    /** The part of `unchanged` with other reasons. */
    readonly other_reasons: number;
    /** Not decided again: tools executed elsewhere, and records that this version does not derive as recorded. */
    readonly foreign_tools: number;
    readonly not_derived: number;
  };
  /** Outcomes of the requests. */
  readonly verdicts: { readonly recorded: Verdicts; readonly candidate: Verdicts };
  /** Notional of the opening orders permitted, USDT. */
  readonly opening_notional_usdt: { readonly recorded: number; readonly candidate: number };
  /** Seq of the first decision that changes; null when none does. */
  readonly first_change_seq: number | null;
  /** Oldest first. */
  readonly changes: readonly DiffEntry[];
  readonly changes_left_off: number;
  /** What this cannot show; `requests` is how many a caveat concerns. */
  readonly caveats: readonly (Caveat & { readonly requests: number })[];
}

export type Verdicts = { readonly [verdict in Verdict]: number };

/** Decides a ledger's recorded requests again under another policy. Only reads; nothing is appended. */
export function diffPolicy(source: HistorySource, options: PolicyDiffOptions): PolicyDiff {
  const policies = new PolicyShelf(source, options.candidate);
  const tally = new Tally(options.limit);
  const rulesAt = indexRules(source);
  let looked = 0;
  for (const recorded of walkDecisions(source, options.sinceMs)) {
    if (looked >= (options.most ?? Number.POSITIVE_INFINITY)) {
      tally.leftOffBeforeMs = tally.oldestMs ?? recorded.atMs;
      break;
    }
    looked += 1;
    tally.oldestMs = recorded.atMs;
    if (recorded.decision.kind !== 'tool' && !options.allKinds) continue;
    compareOne(recorded, policies, rulesAt, tally);
  }
  return tally.finish(options, source.readEvent(source.lastSeq())?.at_ms ?? 0, policies);
}

function compareOne(recorded: RecordedDecision, policies: PolicyShelf, rulesAt: RulesAt, tally: Tally): void {
  if (recorded.isForeignTool) {
    tally.foreignTools += 1;
    return;
  }
  const { request, decision, event } = recorded;
  const before = deriveAsRecorded(event, policies.recorded);
  // For a record that this version does not derive, a comparison would mix a change of policy with one of program.
  if (before === null) {
    tally.notDerived += 1;
    return;
  }
  const candidate = policies.candidate(request.agent);
  const after = decide(request, refit(recorded, candidate, rulesAt), candidate);
  tally.add(recorded, before, after, policies.caveats(decision.policy_hash, request.agent));
}

/** Brackets are recorded up to the leverage of the policy then; the candidate's are read from the exchange's own. */
export function refit(
  { context, request, seq }: RecordedDecision,
  policy: CompiledPolicy,
  rulesAt: RulesAt,
): ExecutionContext {
  const rules = context.market.rules === null || request.symbol === null ? null : rulesAt(request.symbol, seq);
  const isUnreported = policy.lossTiers !== null && context.agent.losses === undefined;
  const agent = isUnreported ? { ...context.agent, losses: { day_usdt: 0, week_usdt: 0 } } : context.agent;
  if (rules === null) return { ...context, agent };
  return { ...context, agent, market: { ...context.market, rules: viewRules(rules, policy) } };
}

/** The policies of the comparison, compiled once per agent. */
class PolicyShelf {
  /** Null if the ledger lacks this policy. */
  readonly recorded: PolicyLookup;
  readonly candidate: (agent: string) => CompiledPolicy;
  readonly #caveats = new Map<string, readonly Caveat[]>();

  constructor(source: HistorySource, { hash, spec }: PolicyDiffOptions['candidate']) {
    this.recorded = lookUpPolicies((recorded) => source.readPolicy(recorded));
    const candidates = new Map<string, CompiledPolicy>();
    this.candidate = (agent) => heldIn(candidates, agent, () => compilePolicy(spec, hash, agent));
  }

  caveats(hash: string, agent: string): readonly Caveat[] {
    return heldIn(this.#caveats, `${hash} ${agent}`, () => {
      const recorded = this.recorded(hash, agent);
      return recorded === null ? [] : findCaveats(recorded, this.candidate(agent));
    });
  }
}

const NO_VERDICTS: Verdicts = { ALLOW: 0, LIMIT: 0, BLOCK: 0 };

/** Counts as it goes; memory does not grow with the length of the history. */
class Tally {
  readonly #limit: number;
  readonly #counts: Record<Change, number> = Object.fromEntries(CHANGES.map((change) => [change, 0])) as Record<
    Change,
    number
  >;
  readonly #policies = new Map<string, { readonly agent: string; requests: number }>();
  readonly #caveats = new Map<string, Caveat & { requests: number }>();
  readonly #changes: DiffEntry[] = [];
  #requests = 0;
  #otherReasons = 0;
  #openedBefore = 0;
  #openedAfter = 0;
  #firstChange: number | null = null;
  readonly #verdicts = { recorded: { ...NO_VERDICTS }, candidate: { ...NO_VERDICTS } };
  foreignTools = 0;
  oldestMs: number | null = null;
  leftOffBeforeMs: number | null = null;
  notDerived = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(
    recorded: RecordedDecision,
    before: ExecutionDecision,
    after: ExecutionDecision,
    caveats: readonly Caveat[],
  ): void {
    const { decision, request, seq, atMs } = recorded;
    const change = classifyChange(before, after);
    this.#requests += 1;
    this.#counts[change] += 1;
    this.#verdicts.recorded[before.decision] += 1;
    this.#verdicts.candidate[after.decision] += 1;
    this.#openedBefore += openedUsdt(before);
    this.#openedAfter += openedUsdt(after);
    heldIn(this.#policies, decision.policy_hash, () => ({ agent: request.agent, requests: 0 })).requests += 1;
    for (const caveat of caveats) heldIn(this.#caveats, caveat.code, () => ({ ...caveat, requests: 0 })).requests += 1;
    if (change === 'unchanged') {
      if (hasOtherReasons(before, after)) this.#otherReasons += 1;
      return;
    }
    // The newest come first.
    this.#firstChange = seq;
    if (this.#changes.length >= this.#limit) return;
    this.#changes.push({
      decision_id: decision.decision_id,
      seq,
      at_ms: atMs,
      kind: decision.kind,
      change,
      request,
      policy_hash: decision.policy_hash,
      recorded: describeSide(before),
      candidate: describeSide(after),
    });
  }

  finish(options: PolicyDiffOptions, untilMs: number, policies: PolicyShelf): PolicyDiff {
    const always = ALWAYS.map((caveat) => ({ ...caveat, requests: this.#requests }));
    const changed = this.#requests - this.#counts.unchanged;
    return {
      candidate: { name: options.candidate.spec.name, hash: options.candidate.hash },
      since_ms: options.sinceMs,
      until_ms: untilMs,
      left_off_before_ms: this.leftOffBeforeMs,
      recorded: [...this.#policies].map(([hash, { agent, requests }]) => ({
        name: policies.recorded(hash, agent)?.spec.name ?? '',
        hash,
        requests,
      })),
      totals: {
        requests: this.#requests,
        ...this.#counts,
        other_reasons: this.#otherReasons,
        foreign_tools: this.foreignTools,
        not_derived: this.notDerived,
      },
      verdicts: this.#verdicts,
      opening_notional_usdt: { recorded: this.#openedBefore, candidate: this.#openedAfter },
      first_change_seq: this.#firstChange,
      changes: this.#changes.reverse(),
      changes_left_off: changed - this.#changes.length,
      caveats: [...always, ...this.#caveats.values()],
    };
  }
}

function openedUsdt({ effective }: ExecutionDecision): number {
  return effective?.action === 'open' ? effective.notional : 0;
}
