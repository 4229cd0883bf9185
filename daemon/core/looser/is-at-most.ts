import { canonicalJson } from '../canonical-json.ts';
import { agentSection, compileMultiplier, factorValue } from '../compiled-policy.ts';
import type { Direction } from '../keys/key-row.ts';
import { AGENT_KEYS, POLICY_KEYS, POLICY_PATHS } from '../keys/policy-keys.ts';
import {
  type AgentSection,
  DEADMAN_MS,
  type IntendedPolicySpec,
  type LooserKey,
  type Multiplier,
  type RateLimit,
  REQUEST_CEILING,
  type RegimeRow,
  type Tier,
  type TrustTier,
} from '../policy.ts';
import { type AgentKey, type PolicyPath, valueAt as writtenAt } from '../policy-paths.ts';
import { compareAgentLimits } from './agent-limits.ts';
import { looserApprovals } from './looser-approvals.ts';
import { COMPONENTS, findLooserSkill, findLooserTier, findLooserTrustTier, type LooserStep } from './step-functions.ts';

/**
 * Keys in which `candidate` is looser than `current`; none means that it takes effect at once.
 * Both must be valid. It is reflexive, and sound: an unlisted key lets nothing through that `current`
 * refuses. It errs towards listing: where no direction is provable, any change is listed.
 */
export function isAtMost(candidate: IntendedPolicySpec, current: IntendedPolicySpec): LooserKey[] {
  const looser: LooserKey[] = [];
  const ordered = regimesAreOrdered(candidate) || regimesAreOrdered(current);
  for (const path of POLICY_PATHS) {
    const { direction } = POLICY_KEYS[path];
    if (direction === 'approvals') {
      const why = looserApprovals(path, candidate.approvals, current.approvals);
      if (why !== null)
        looser.push({ path, from: valueAt(current, path) ?? null, to: valueAt(candidate, path) ?? null, why });
    } else if (direction === 'agents') looser.push(...compareAgents(candidate, current));
    else if (direction === 'skills')
      looser.push(...describeStep(path, findLooserSkill(candidate.trust, current.trust)));
    else looser.push(...compareKey(path, direction, valueAt(candidate, path), valueAt(current, path), ordered));
  }
  return looser;
}

/** Keys in which the sections under `agents` are looser than the account's own; none may be. */
export function findLooserAgents(spec: IntendedPolicySpec): LooserKey[] {
  const looser: LooserKey[] = [];
  for (const name of Object.keys(spec.agents)) {
    const found = compareSections({ spec, section: agentSection(spec, name) }, { spec, section: {} });
    looser.push(...found.map((each) => ({ ...each, path: `agents.${name}.${each.path}` })));
  }
  return looser;
}

/** True if no regime allows more than the one below it. Only then is a lower threshold tighter. */
export function regimesAreOrdered(spec: IntendedPolicySpec): boolean {
  const { calm, volatile, extreme } = spec.market.regimes;
  return isTighterRow(volatile, calm) && isTighterRow(extreme, volatile);
}

function isTighterRow(higher: RegimeRow, lower: RegimeRow): boolean {
  return (
    COMPONENTS.every((component) => factorValue(higher[component]) <= factorValue(lower[component])) &&
    higher.cooldown_ms >= lower.cooldown_ms &&
    higher.slices >= lower.slices &&
    (higher.reduce_only === true || lower.reduce_only !== true)
  );
}

/** Why `to` is looser than `from` at one path; at most one finding. */
function compareKey(path: string, direction: Direction, to: unknown, from: unknown, ordered: boolean): LooserKey[] {
  switch (direction) {
    case 'tiers':
      return describeStep(path, findLooserTier(to as readonly Tier[], from as readonly Tier[]));
    case 'trust_tiers':
      return describeStep(path, findLooserTrustTier(to as readonly TrustTier[], from as readonly TrustTier[]));
    case 'factor':
      return compareFactor(path, to as Multiplier | undefined, from as Multiplier | undefined);
    default: {
      const why = looserBecause(direction, to, from, ordered);
      return why === null ? [] : [{ path, from: from ?? null, to: to ?? null, why }];
    }
  }
}

/** Why `to` is looser than `from`, or null. */
function looserBecause(direction: Direction, to: unknown, from: unknown, ordered: boolean): string | null {
  switch (direction) {
    case 'free':
      return null;
    case 'any_change':
      return isEqual(to, from) ? null : 'no direction of this key is safe: every change counts';
    case 'larger':
      return Number(to) > Number(from) ? 'larger allows more' : null;
    case 'larger_or_off':
      return deadmanOf(to) > deadmanOf(from) ? 'what opens is left to itself for longer' : null;
    case 'smaller':
      return Number(to) < Number(from) ? 'smaller allows more' : null;
    case 'larger_by_regime':
    case 'smaller_by_regime': {
      if (isEqual(to, from)) return null;
      if (!ordered) return 'a higher regime is not tighter in this policy: every change counts';
      return looserBecause(direction === 'larger_by_regime' ? 'larger' : 'smaller', to, from, ordered);
    }
    case 'turned_off':
      return from === true && to !== true ? 'it protected while true' : null;
    case 'more_members': {
      const added = (to as readonly string[]).filter((member) => !(from as readonly string[]).includes(member));
      return added.length > 0 ? `adds ${added.join(', ')}` : null;
    }
    case 'rate':
      return isLooserRate((to ?? REQUEST_CEILING) as RateLimit, (from ?? REQUEST_CEILING) as RateLimit)
        ? 'more fit into the former window'
        : null;
    case 'allowed_tools':
      return mapBecause(to as SchemaMap, from as SchemaMap, 'adds');
    case 'tool_schemas':
      return mapBecause(from as SchemaMap, to as SchemaMap, 'drops the schema of');
    case 'tiers':
    case 'trust_tiers':
    case 'factor':
    case 'skills':
    case 'approvals':
    case 'agents':
      throw new Error(`${direction} is compared elsewhere`);
    default: {
      const later = direction.indexOf(String(to)) > direction.indexOf(String(from));
      return later ? `${String(to)} does less than ${String(from)}` : null;
    }
  }
}

function deadmanOf(value: unknown): number {
  const ms = Number(value ?? DEADMAN_MS);
  return ms === 0 ? Number.POSITIVE_INFINITY : ms;
}

/**
 * ceil(former / new) new windows cover a span of the former window, each with at most `max` orders. Only if
 * their sum fits the former maximum was every sequence legal before.
 */
function isLooserRate(to: RateLimit, from: RateLimit): boolean {
  return Math.ceil(from.window_ms / to.window_ms) * to.max > from.max;
}

type SchemaMap = { readonly [name: string]: unknown };
/** Names of `more` that `less` lacks or describes differently. */
function mapBecause(more: SchemaMap, less: SchemaMap, verb: string): string | null {
  const missing = Object.keys(more).filter((name) => !Object.hasOwn(less, name));
  const changed = Object.keys(more).filter((name) => Object.hasOwn(less, name) && !isEqual(more[name], less[name]));
  if (missing.length > 0) return `${verb} ${missing.join(', ')}`;
  return changed.length > 0 ? `changes the schema of ${changed.join(', ')}` : null;
}

function compareFactor(path: string, to: Multiplier | undefined, from: Multiplier | undefined): LooserKey[] {
  const next = compileMultiplier(to);
  const former = compileMultiplier(from);
  const component = COMPONENTS.find((each) => next[each] > former[each]);
  if (component === undefined) return [];
  const why = `a larger factor allows more (${component}: ${former[component]} -> ${next[component]})`;
  return [{ path, from: from ?? 1, to: to ?? 1, why }];
}

function describeStep(path: string, step: LooserStep | null): LooserKey[] {
  if (step === null) return [];
  const why = `at ${step.at}, ${step.component} goes from ${step.from} to ${step.to}`;
  return [{ path, from: step.from, to: step.to, why }];
}

interface AgentView {
  readonly spec: IntendedPolicySpec;
  readonly section: AgentSection;
}

function compareAgents(candidate: IntendedPolicySpec, current: IntendedPolicySpec): LooserKey[] {
  // `default` applies to every agent that neither document names.
  const names = new Set(['default', ...Object.keys(current.agents), ...Object.keys(candidate.agents)]);
  return [...names].flatMap((name) =>
    findLooserLimits(name, candidate, current).map((each) => ({ ...each, path: `agents.${name}.${each.path}` })),
  );
}

/** Keys of one agent's section in which `candidate` is looser for it than `current`, without `agents.<name>.` before them. */
export function findLooserLimits(
  agent: string,
  candidate: IntendedPolicySpec,
  current: IntendedPolicySpec,
): readonly LooserKey[] {
  return compareSections(
    { spec: candidate, section: agentSection(candidate, agent) },
    { spec: current, section: agentSection(current, agent) },
  );
}

/** Compares one agent's limits in the keys that either section names; the others are the account's. */
function compareSections(candidate: AgentView, current: AgentView): LooserKey[] {
  const looser: LooserKey[] = [];
  const ordered = regimesAreOrdered(candidate.spec) || regimesAreOrdered(current.spec);
  const to = mergeSection(candidate);
  const from = mergeSection(current);
  for (const path of POLICY_PATHS) {
    const [part, key] = path.split('.');
    if (part === undefined || key === undefined || AGENT_KEYS[part as AgentKey]?.direction !== 'key_by_key') continue;
    if (!names(candidate.section, part, key) && !names(current.section, part, key)) continue;
    looser.push(...compareKey(path, POLICY_KEYS[path].direction, valueAt(to, path), valueAt(from, path), ordered));
  }
  looser.push(...compareAgentLimits(candidate.section, current.section));
  return looser;
}

function names(section: AgentSection, part: string, key: string): boolean {
  const own = (section as { readonly [part: string]: object | undefined })[part];
  return own !== undefined && Object.hasOwn(own, key);
}

/** The policy for one agent; the same merge as in `compilePolicy`. */
function mergeSection({ spec, section }: AgentView): IntendedPolicySpec {
  return {
    ...spec,
    scope: { ...spec.scope, ...section.scope },
    budgets: { ...spec.budgets, ...section.budgets },
    temporal: { ...spec.temporal, ...section.temporal },
    trader_state: { ...spec.trader_state, ...section.trader_state },
    exits: { ...spec.exits, ...section.exits },
  };
}

function valueAt(spec: IntendedPolicySpec, path: PolicyPath): unknown {
  return writtenAt(spec, path) ?? POLICY_KEYS[path].absent;
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));
}
