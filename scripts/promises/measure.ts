import { type CompiledPolicy, compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { classifyChange } from '../../daemon/engine/audit/compare.ts';
import { refit } from '../../daemon/engine/audit/policy-diff.ts';
import { indexRules, type RecordedDecision, walkDecisions } from '../../daemon/engine/audit/recorded.ts';
import { PLAIN_SETUP, type Plan } from '../explore/plan.ts';
import { playPlan } from '../explore/run-plan.ts';
import { World } from '../explore/world.ts';
import { buildPolicy } from '../explore/world-policy.ts';
import { isOfItem, isUnreported } from './altered.ts';
import type { Item } from './items.ts';
import { type Leaf, valuesAt, withOther } from './leaves.ts';

/** Indexes of items. */
export interface Measured {
  readonly drawn: readonly number[];
  /** Those that are worth a second look: keys that say something else than in most worlds, and all that is no key. */
  readonly telling: readonly number[];
  /** Of keys those of these with whose other value `decide` permits another order. */
  readonly changed: readonly number[];
}

/** Plays a plan: which items it draws, and which keys bind in what was decided. */
export async function measurePlan(plan: Plan, items: readonly Item[]): Promise<Measured> {
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    const drawn = items.flatMap((item, index) => (isDrawn(world, plan, item) ? [index] : []));
    const telling = drawn.filter((index) => isTelling(world, items[index]));
    const again = new DecidedAgain(world);
    const changed = telling.filter((index) => {
      const item = items[index];
      // Of those without a direction the snapshot is made, too: it would be another one.
      return item?.kind === 'key' && item.leaf.direction !== 'any_change' && again.isChangedBy(item.leaf);
    });
    return { drawn, telling, changed };
  } finally {
    world.close();
  }
}

const PLAIN = buildPolicy(PLAIN_SETUP, 'original').spec;

function isTelling({ calls, policies }: World, item: Item | undefined): boolean {
  // An id matters where two calls have the same one.
  if (item?.kind === 'field' && item.path[0] === 'request_id') {
    const ids = calls.flatMap(({ args, tool }) => (tool === item.tool ? [args.request_id] : []));
    return new Set(ids).size < ids.length;
  }
  if (item?.kind !== 'key') return true;
  // An entry of a list says something else where any of it does.
  const { steps } = item.leaf;
  const list = steps.lastIndexOf('[]');
  const part = list === -1 ? item.leaf : { ...item.leaf, steps: steps.slice(0, list) };
  const plain = JSON.stringify(valuesAt(PLAIN, part));
  return policies.some(({ policy }) => JSON.stringify(valuesAt(policy.spec, part)) !== plain);
}

function isDrawn(world: World, plan: Plan, item: Item): boolean {
  if (item.kind === 'key') return world.policies.some(({ policy }) => valuesAt(policy.spec, item.leaf).length > 0);
  if (isUnreported(item)) return plan.setup.account?.isUnreported === true;
  if (item.kind !== 'field') return plan.steps.some((step) => isOfItem(step, item));
  return world.calls.some(({ args, tool }) => tool === item.tool && hasField(args, item.path));
}

function hasField(args: unknown, path: readonly string[]): boolean {
  let value = args;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as { readonly [key: string]: unknown })[key];
  }
  return true;
}

interface Judged {
  readonly recorded: RecordedDecision;
  readonly spec: IntendedPolicySpec;
  readonly before: ExecutionDecision;
}

/** The decisions of a world, each decided again from its record with a key at its other value. */
class DecidedAgain {
  readonly #rulesAt: ReturnType<typeof indexRules>;
  readonly #decisions: readonly Judged[];

  constructor({ ledger, policies }: World) {
    this.#rulesAt = indexRules(ledger);
    const compiled = new Map<string, CompiledPolicy>();
    this.#decisions = [...walkDecisions(ledger, 0)].flatMap((recorded) => {
      const hash = recorded.decision.policy_hash;
      const spec = policies.find(({ policy }) => policy.hash === hash)?.policy.spec;
      if (recorded.isForeignTool || spec === undefined) return [];
      return [{ recorded, spec, before: this.#decide(recorded, spec, compiled) }];
    });
  }

  isChangedBy(leaf: Leaf): boolean {
    const specs = new Map<IntendedPolicySpec, IntendedPolicySpec | null>();
    const compiled = new Map<string, CompiledPolicy>();
    return this.#decisions.some(({ before, recorded, spec }) => {
      if (!specs.has(spec)) specs.set(spec, withOther(spec, leaf));
      const other = specs.get(spec) ?? null;
      return other !== null && classifyChange(before, this.#decide(recorded, other, compiled)) !== 'unchanged';
    });
  }

  /** Under the hash on record, which approvals name; what is cached under a hash is read under one of its own. */
  #decide(
    recorded: RecordedDecision,
    spec: IntendedPolicySpec,
    compiled: Map<string, CompiledPolicy>,
  ): ExecutionDecision {
    const { decision, request } = recorded;
    const key = `${decision.policy_hash} ${request.agent}`;
    const policy = compiled.get(key) ?? compilePolicy(spec, decision.policy_hash, request.agent);
    compiled.set(key, policy);
    DecidedAgain.#policies += 1;
    const context = refit(recorded, { ...policy, hash: `${DecidedAgain.#policies}` }, this.#rulesAt);
    return decide(request, context, policy);
  }
  static #policies = 0;
}
