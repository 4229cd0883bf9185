import { BUDGETS, type CountedBudget } from '../../../daemon/core/keys/budgets.ts';
import type { IntendedPolicySpec } from '../../../daemon/core/policy.ts';
import { diffPolicy } from '../../../daemon/engine/audit/policy-diff.ts';
import { suggestPolicy, withBudgets } from '../../../daemon/engine/audit/policy-suggest.ts';
import type { Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** All decisions are decided again for each budget: one world in so many, more of few decisions, and none with more. */
const WORLDS = 16;
const SMALL_WORLDS = 3;
const FEW_DECISIONS = 15;
const MAX_DECISIONS = 60;
/** Clearly less than what was needed. */
const LESS = 0.9;
/** Whole numbers, of which a part may do as well. */
const WHOLE: ReadonlySet<CountedBudget> = new Set(['leverage', 'order_rate', 'concurrent_positions']);

/**
 * `policy suggest` (docs/policy.md): `needed` is the least value under which every opening that was permitted would have
 * passed the budget. With it none is cut or refused, with clearly less one is; and what today's value cut is counted.
 * @except several policies were in force
 * @except people approve openings: of that policy alone
 */
export function findMissuggested(history: History): readonly Breach[] {
  const { decisions, events, plan, world } = history;
  const every = decisions.size <= FEW_DECISIONS ? SMALL_WORLDS : WORLDS;
  if (plan.seed % every !== 0 || decisions.size > MAX_DECISIONS) return [];
  const [first, ...others] = events.flatMap(({ event }) =>
    event.kind === 'policy' && event.payload.action === 'in_force' ? [event.payload.hash] : [],
  );
  const spec = world.policies.find(({ policy }) => policy.hash === first)?.policy.spec;
  if (first === undefined || spec === undefined || others.length > 0 || spec.approvals !== undefined) return [];
  const policy = { spec, hash: first };
  const found = suggestPolicy(world.ledger, { policy, sinceMs: 0, headroom: 1, mayLoosen: true });
  if (found === null) return [];
  const asked = [...decisions.values()].filter(({ event: { decision } }) => decision.kind === 'tool');
  const breaches: Breach[] = [];
  const tell = (code: string, detail: string): number => breaches.push({ code: `suggested/${code}`, detail });
  for (const {
    cut_today: cut,
    key,
    looser,
    needed,
    suggested,
    today,
    would_block: block,
    would_cut,
  } of found.suggestions) {
    const short = would_cut + block === 0 ? 0 : cutWith(world.ledger, spec, key, suggested);
    if (short > 0)
      tell('too-little', `${key}: with ${suggested} (${needed} needed) ${short} openings would be cut or blocked`);
    if (looser !== suggested > today || suggested < needed - needed * 1e-9)
      tell(
        'value',
        `${key}: ${suggested} for ${needed} needed, ${today} today, told to be ${looser ? '' : 'not '}looser`,
      );
    const due = asked.filter(({ event }) =>
      event.decision.reasons.some(({ code }) => code === BUDGETS[key].code),
    ).length;
    if (cut !== due) tell('cuts', `${key}: ${cut} requests were cut, by the records ${due}`);
  }
  const keys = found.suggestions.filter(({ key, needed }) => needed > 0 && !WHOLE.has(key));
  const one = keys[Math.floor(plan.seed / WORLDS) % Math.max(1, keys.length)];
  if (one !== undefined && cutWith(world.ledger, spec, one.key, one.needed * LESS) === 0)
    tell('too-much', `${one.key}: ${one.needed} needed, and with ${one.needed * LESS} nothing is cut`);
  return breaches;
}

/** Openings that were permitted, and would be cut or refused with one key changed. An amend that adds to one is none. */
function cutWith(
  source: Parameters<typeof diffPolicy>[0],
  spec: IntendedPolicySpec,
  key: CountedBudget,
  value: number,
): number {
  const candidate = { spec: withBudgets(spec, [[key, value]]), hash: 'changed' };
  const { changes } = diffPolicy(source, { candidate, sinceMs: 0, allKinds: false, limit: MAX_DECISIONS });
  return changes.filter(({ change, recorded }) => recorded.action === 'open' && /^(blocked|cut)$/.test(change)).length;
}
