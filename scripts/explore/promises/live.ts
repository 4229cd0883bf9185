import type { ArmingEvent } from '../../../daemon/engine/records/people-events.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** An arming that ends is seen within this time, ms. */
const SEEN_WITHIN_MS = 6_000;

/** Where money is real: what opens, and what loosens (docs/approvals.md). */
export function findLiveBreaches(history: History): readonly Breach[] {
  if (history.plan.setup.live === undefined) return [];
  return [...findOpenedUnarmed(history), ...findLoosenedEarly(history)];
}

/** Nothing opens but under an arming of this policy that holds now and that as many passkeys have signed [AP-58, AP-61, AP-62]. */
function findOpenedUnarmed({ events, plan }: History): readonly Breach[] {
  const quorum = plan.setup.live?.quorum ?? 1;
  let arming: ArmingEvent | null = null;
  let policy: string | null = null;
  const signed = new Set<string>();
  const breaches: Breach[] = [];
  for (const { atMs, event } of events) {
    if (event.kind === 'arming') {
      arming = event.payload;
      signed.clear();
    } else if (event.kind === 'arming_signed') signed.add(event.payload.passkey_id);
    else if (event.kind === 'passkey' && event.payload.action === 'removed') signed.delete(event.payload.id);
    else if (event.kind === 'policy' && event.payload.action === 'in_force') policy = event.payload.hash;
    if (event.kind !== 'decision' || !event.payload.orders.some((order) => !order.reduce_only)) continue;
    const why =
      arming === null
        ? 'nobody has armed it'
        : arming.policy_hash !== policy
          ? 'the arming is of another policy'
          : event.at_ms < arming.effective_at_ms || event.at_ms >= arming.expires_at_ms + SEEN_WITHIN_MS
            ? 'the arming does not hold now'
            : quorum > 1 && signed.size < quorum
              ? `${signed.size} of ${quorum} have signed`
              : null;
    const { decision_id: id } = event.payload.decision;
    if (why !== null)
      breaches.push({ code: 'live/opened-unarmed', detail: `decision ${id} of ${at(atMs)} opens: ${why}` });
  }
  return breaches;
}

/** A looser policy waits for its delay, and for as many different passkeys since it is pending [AP-51, AP-52, AP-54]. */
function findLoosenedEarly({ events, plan, world }: History): readonly Breach[] {
  const { delayMs, quorum } = plan.setup.live ?? { delayMs: 0, quorum: 1 };
  let pending: { readonly hash: string; readonly atMs: number } | null = null;
  const signed = new Set<string>();
  return events.flatMap(({ atMs, event }) => {
    if (event.kind === 'passkey' && event.payload.action === 'removed') signed.delete(event.payload.id);
    if (event.kind !== 'policy') return [];
    const { action, detail, hash, set_by: setBy } = event.payload;
    if (action === 'pending') {
      pending = { hash, atMs };
      signed.clear();
    } else if (action === 'signed') signed.add(String(detail));
    if (action !== 'in_force' || setBy === 'start' || setBy === 'file') return [];
    const isOfThisLife = !world.lives.some(({ fromMs }) => fromMs > (pending?.atMs ?? 0) && fromMs <= atMs);
    const isDue = pending?.hash === hash && isOfThisLife && atMs - pending.atMs >= delayMs;
    if (isDue && (quorum === 1 || signed.size >= quorum)) return [];
    return [
      {
        code: 'live/loosened-early',
        detail: `${setBy} puts ${hash.slice(0, 8)} in force at ${at(atMs)}, with ${signed.size} of ${quorum} passkeys`,
      },
    ];
  });
}
