import type { SkillClaim, TradingArgs } from '../api/trading-calls.ts';
import type { Caller } from '../api.ts';
import type { GateCore } from '../journal/journal.ts';

/** Who reported it, in the list of signals. */
const GATE = 'gate';

export function claimOf(call: TradingArgs): SkillClaim | null {
  return call.tool === 'place_order' ? (call.args.meta?.skill ?? null) : null;
}

/**
 * A skill that has the name of a pinned one and another content: what instructs the agent is not what the operator has
 * read. It raises an injection signal for the agent, recorded before its call is decided, and lasts as long as the
 * policy lets one last, or until an operator ends it. One at a time, so that an agent cannot fill the ledger with it.
 */
export function noteChangedSkill(core: GateCore, caller: Caller, skill: SkillClaim | null): void {
  if (caller.role !== 'agent' || skill?.name === undefined || skill.sha256 === undefined) return;
  const { skills, signals } = core.policySpec.trust;
  const pinned = skills.filter(({ name }) => name === skill.name);
  if (pinned.length === 0 || pinned.some(({ sha256 }) => sha256 === skill.sha256)) return;
  const now = core.nowMs();
  const scope = { account: null, agent: caller.agent, kind: 'injection' as const, set_by: GATE, symbol: null };
  if (core.state.signals.findEqual(scope, now) !== null) return;
  const evidence = `The skill ${skill.name} is not as trust.skills has it: its digest is ${skill.sha256}.`;
  const seq = core.nextSeq();
  core.append(
    'signal',
    {
      ...scope,
      evidence_hash: core.ports.ledger.putText(evidence),
      expires_at_ms: now + signals.injection.max_ttl_ms,
      severity: 1,
      signal_id: `s-${seq.toString(36)}`,
    },
    { seq },
  );
}
