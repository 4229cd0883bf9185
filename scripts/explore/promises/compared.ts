import type { IntendedPolicySpec } from '../../../daemon/core/policy.ts';
import { diffPolicy, type PolicyDiff } from '../../../daemon/engine/audit/policy-diff.ts';
import type { HistorySource } from '../../../daemon/engine/audit/recorded.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import type { Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** Sums of the same figures in another order. */
const HAIR_USDT = 1e-6;
/** Below the least order of any symbol. */
const NO_ROOM_USDT = 0.000_001;

/**
 * What `policy diff` says of a world's ledger (docs/history.md): the policy in force changes nothing of what it decided
 * itself; one without room blocks every opening, and no exit; and the sums are those of the records.
 */
export function findMiscompared(history: History): readonly Breach[] {
  const inForce = history.events.findLast(
    ({ event }) => event.kind === 'policy' && event.payload.action === 'in_force',
  );
  if (inForce?.event.kind !== 'policy') return [];
  const { hash } = inForce.event.payload;
  const body = history.world.ledger.readPolicy(hash);
  if (body === null) return [{ code: 'compared/policy-lost', detail: `the ledger lacks policy ${hash}` }];
  const spec = JSON.parse(body) as IntendedPolicySpec;
  const source = readOnce(history.world.ledger);
  const compare = (candidate: IntendedPolicySpec, under: string): PolicyDiff =>
    diffPolicy(source, {
      candidate: { spec: candidate, hash: under },
      sinceMs: 0,
      allKinds: true,
      limit: Number.POSITIVE_INFINITY,
    });
  const budgets = { ...spec.budgets, order_notional_usdt: NO_ROOM_USDT };
  const decided = [...history.decisions.values()].map(({ event }) => event);
  const itself = compare(spec, hash);
  return [
    ...findChangesOfItself(itself, hash),
    ...findWrongSums(itself, decided),
    ...findLetThrough(compare({ ...spec, budgets }, 'no room'), decided),
  ];
}

/** Each page of decisions is read for the first comparison, and the same for the others. */
function readOnce(ledger: HistorySource): HistorySource {
  const pages = new Map<string | undefined, ReturnType<HistorySource['readDecisions']>>();
  return {
    lastSeq: () => ledger.lastSeq(),
    readEvent: (seq) => ledger.readEvent(seq),
    readDecisions: (query) => {
      const page = pages.get(query.cursor) ?? ledger.readDecisions(query);
      pages.set(query.cursor, page);
      return page;
    },
    iterateEvents: (query) => ledger.iterateEvents(query),
    readPolicy: (hash) => ledger.readPolicy(hash),
  };
}

function findChangesOfItself({ changes, totals }: PolicyDiff, hash: string): readonly Breach[] {
  const own = changes.filter(({ policy_hash }) => policy_hash === hash);
  const breaches = own.map(({ change, decision_id }) => ({
    code: 'compared/itself',
    detail: `${decision_id} is ${change} by the policy that decided it`,
  }));
  return totals.not_derived === 0
    ? breaches
    : [...breaches, { code: 'compared/not-derived', detail: `${totals.not_derived} decisions are not derived again` }];
}

const permits = ({ decision }: DecisionEvent): boolean => decision.effective?.action === 'open';

function findWrongSums(
  { opening_notional_usdt, recorded, totals, verdicts }: PolicyDiff,
  decided: readonly DecisionEvent[],
) {
  const opened = decided.filter(permits).reduce((sum, { decision }) => sum + (decision.effective?.notional ?? 0), 0);
  const of = (verdict: string): number => decided.filter(({ decision }) => decision.decision === verdict).length;
  const changed = totals.blocked + totals.let_through + totals.cut + totals.widened + totals.restaged;
  const pairs: readonly (readonly [string, number, number])[] = [
    ['requests', totals.requests, decided.length],
    ['requests of all policies', recorded.reduce((sum, { requests }) => sum + requests, 0), decided.length],
    ['changed and unchanged', changed + totals.unchanged, decided.length],
    ['ALLOW', verdicts.recorded.ALLOW, of('ALLOW')],
    ['LIMIT', verdicts.recorded.LIMIT, of('LIMIT')],
    ['BLOCK', verdicts.recorded.BLOCK, of('BLOCK')],
    ['opening notional', opening_notional_usdt.recorded, opened],
  ];
  return pairs
    .filter(([, said, is]) => Math.abs(said - is) > HAIR_USDT)
    .map(([figure, said, is]) => ({
      code: 'compared/sums',
      detail: `${figure}: ${said} is said, the records have ${is}`,
    }));
}

function findLetThrough({ changes }: PolicyDiff, decided: readonly DecisionEvent[]): readonly Breach[] {
  const changeOf = new Map(changes.map(({ change, decision_id }) => [decision_id, change]));
  return decided.flatMap((event) => {
    const { decision_id: id, effective } = event.decision;
    const change = changeOf.get(id) ?? 'unchanged';
    if (permits(event) && change !== 'blocked')
      return [{ code: 'compared/no-room-opens', detail: `${id} opens, and is ${change} by a policy without room` }];
    if (effective?.action === 'exit' && change !== 'unchanged')
      return [{ code: 'compared/exit-changed', detail: `exit ${id} is ${change} by a policy without room to open` }];
    return [];
  });
}
