import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { ApprovalEvent, RequestedApproval } from '../../../daemon/engine/records/people-events.ts';
import { readE8 } from '../../../daemon/engine/records/units.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { Decision } from '../records.ts';

/** Prices and sums are decimals of money: a millionth of a cent is none. */
const SAME_USDT = 1e-6;

/**
 * An approved order opens at most its ceiling, at most once, and never after it was voided; and without an approval an agent
 * opens no more than the policy says within any window. Told from the requests that came to the exchange.
 * [AP-15 AP-17]
 */
export function findApprovalBreaches(history: History): readonly Breach[] {
  const { approvals } = history.world.setup;
  if (approvals === undefined) return [];
  const { aboveUsdt, windowMs } = approvals;
  return [...findBadGrants(history), ...findUnapproved(history, aboveUsdt, windowMs), ...findMisreported(history)];
}

interface Sent {
  readonly quantityE8: number;
  readonly usdt: number;
  readonly worst: number;
}
/** What came to the exchange of a decision's opening orders; `worst`: the least favourable of their prices. */
function sentOf({ orders, posts }: History, id: string): Sent {
  let [quantityE8, usdt, worst] = [0, 0, Number.NaN];
  for (const [clientId, { decision, planned }] of orders) {
    const post = posts.get(clientId);
    if (decision.rootId !== id || planned.reduce_only || post === undefined) continue;
    const quantity = Number(post.params.text('quantity'));
    const price = Number(post.params.text('price'));
    quantityE8 += Math.round(quantity * 1e8);
    usdt += quantity * price;
    if (!(planned.side === 'buy' ? price <= worst : price >= worst)) worst = price;
  }
  return { quantityE8, usdt, worst };
}

function findBadGrants(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const breach = (code: string, decision: Decision, detail: string): void => {
    breaches.push({ code: `approval/${code}`, detail: `${decision.id} at ${at(decision.atMs)}: ${detail}` });
  };
  const asked = new Map<string, { readonly requested: RequestedApproval; readonly index: number }>();
  const used = new Set<string>();
  for (const [index, { event }] of history.events.entries())
    if (event.kind === 'approval' && event.payload.action === 'requested')
      asked.set(event.payload.approval_id, { requested: event.payload, index });
  for (const decision of history.decisions.values()) {
    const grant = decision.event.context.approval?.grant ?? null;
    if (grant === null || decision.event.decision.kind !== 'tool') continue;
    const known = asked.get(grant.approval_id);
    if (known === undefined) {
      breach('unknown', decision, `rests on ${grant.approval_id}, which nobody asked for`);
      continue;
    }
    const { requested } = known;
    if (used.has(grant.approval_id)) breach('twice', decision, `rests on ${grant.approval_id}, which was used`);
    used.add(grant.approval_id);
    const { quantityE8, worst } = sentOf(history, decision.id);
    const maxE8 = readE8(requested.quantity);
    if (quantityE8 > maxE8) breach('quantity', decision, `${quantityE8} were sent, ${maxE8} approved`);
    const limit = Number(requested.worst_price);
    if (requested.side === 'buy' ? worst > limit : worst < limit)
      breach('price', decision, `${worst} was sent, ${limit} approved`);
    if (quantityE8 === 0) continue;
    const isSame = decision.agent === requested.agent && decision.symbol === requested.symbol;
    if (!isSame) breach('whose', decision, `is of ${decision.agent}, approved was ${requested.agent}`);
    const between = history.events.slice(known.index + 1).filter(({ seq }) => seq < decision.seq);
    const voided = between.find(({ event }) => voids(event, requested));
    if (voided !== undefined)
      breach('void', decision, `was sent, although record ${voided.seq} had ended its approval`);
    if (decision.event.context.now_ms >= requested.expires_at_ms) breach('void', decision, 'was sent after its end');
    const signers = new Set(
      between.map(({ event }) => signerOf(history, event, decision)).filter((signer) => signer !== null),
    );
    if (signers.size < requested.quorum)
      breach('quorum', decision, `${signers.size} approved it, ${requested.quorum} must`);
  }
  return breaches;
}

/** Null: it signs something else, or with what had ended by the decision. */
function signerOf({ world }: History, event: GateEvent, decision: Decision): string | null {
  if (event.kind !== 'approval') return null;
  const { payload }: { readonly payload: ApprovalEvent } = event;
  const id = decision.event.context.approval?.grant?.approval_id;
  if (payload.action !== 'signed' || payload.approval_id !== id) return null;
  if ((world.approvers.find(payload.proof)?.endedAtMs ?? decision.atMs) < decision.atMs) return null;
  return payload.proof.kind === 'passkey' ? payload.proof.key_id : payload.proof.by;
}

/** What ends an approval, in the words of docs/approvals.md. */
function voids(event: GateEvent, requested: RequestedApproval): boolean {
  const { agent, approval_id: id, policy_hash: hash, symbol } = requested;
  switch (event.kind) {
    case 'state': {
      const { name, scope, state } = event.payload;
      return state !== 'active' && (scope === 'account' || name === (scope === 'symbol' ? symbol : agent));
    }
    case 'policy':
      return event.payload.action === 'in_force' && event.payload.hash !== hash;
    case 'approval':
      return ['denied', 'voided'].includes(event.payload.action) && event.payload.approval_id === id;
    case 'decision': {
      const { decision, request } = event.payload;
      if (decision.kind !== 'tool' || event.payload.agent !== agent) return false;
      if (request.symbol !== null && request.symbol !== symbol) return false;
      return request.tool === 'cancel_all' || request.intent === 'close' || decision.effective?.action === 'exit';
    }
    default:
      return false;
  }
}

/** Sliding sums of what each agent's unapproved decisions sent. [AP-15 AP-19] */
function findUnapproved(history: History, aboveUsdt: number, windowMs: number): readonly Breach[] {
  const opened = new Map<string, { readonly atMs: number; readonly usdt: number; readonly id: string }[]>();
  for (const decision of history.decisions.values()) {
    const { agent, event, id } = decision;
    if (event.decision.kind !== 'tool' || event.context.approval?.grant != null) continue;
    const usdt = event.decision.effective?.action === 'open' ? sentOf(history, id).usdt : addedOf(event);
    if (usdt <= 0) continue;
    const known = opened.get(agent) ?? [];
    opened.set(agent, [...known, { atMs: event.context.now_ms, usdt, id }]);
  }
  const breaches: Breach[] = [];
  for (const [agent, list] of opened)
    for (const { atMs, id } of list) {
      const sum = list.reduce(
        (all, each) => (each.atMs > atMs - windowMs && each.atMs <= atMs ? all + each.usdt : all),
        0,
      );
      if (sum > aboveUsdt + SAME_USDT)
        breaches.push({
          code: 'approval/unapproved',
          detail: `${agent} opened ${sum.toFixed(2)} USDT within ${windowMs} ms up to ${id}, without an approval; ${aboveUsdt} may be`,
        });
    }
  return breaches;
}

/** The lots that a permitted amend adds to its order, at its own price. */
function addedOf({ context, decision }: Decision['event']): number {
  const { effective } = decision;
  const { order } = context;
  if (effective === null || effective.action !== 'amend' || effective.reduce_only || order === null) return 0;
  return effective.lots > order.lots ? (effective.notional * (effective.lots - order.lots)) / effective.lots : 0;
}

/** The list of approvals says of each what became of it: what ended it first, or that it waits. [AP-41 AP-42 AP-43 AP-44] */
function findMisreported(history: History): readonly Breach[] {
  const { gate } = history.world;
  if (gate === null || !gate.core.ports.clock.isSynced) return [];
  const reported = new Map(gate.getApprovals().approvals.map((approval) => [approval.approval_id, approval.status]));
  return history.events.flatMap(({ event }, index): readonly Breach[] => {
    if (event.kind !== 'approval' || event.payload.action !== 'requested') return [];
    const { approval_id: id } = event.payload;
    const status = reported.get(id);
    const due = becameOf(history, event.payload, index, gate.core.nowMs());
    if (status === undefined || status === due) return [];
    return [{ code: 'approval/told', detail: `${id} is told to be ${status}, by the records it is ${due}` }];
  });
}

function becameOf(history: History, requested: RequestedApproval, index: number, nowMs: number): string {
  const { approval_id: id, expires_at_ms: endsAtMs } = requested;
  for (const { event } of history.events.slice(index + 1)) {
    if (event.at_ms >= endsAtMs) return 'expired';
    if (event.kind === 'decision' && event.payload.context.approval?.grant?.approval_id === id) return 'granted';
    if (voids(event, requested)) return event.kind === 'approval' ? event.payload.action : 'voided';
  }
  return nowMs >= endsAtMs ? 'expired' : 'pending';
}
