import { type RateLimit, REQUEST_CEILING } from '../../../daemon/core/policy.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { Decision } from '../records.ts';
import { rawOf } from '../second/raw.ts';

/** Records are counted by whole seconds, and the daemon's clock may be off, ms. */
const SLACK_MS = 2_000;
/** Until calls that are only counted are on record as a sum, with some more, ms. */
const SUMMED_WITHIN_MS = 62_000;

/**
 * `requests.refusals` (docs/policy.md): so many calls without an effect are recorded of each agent within the window, no
 * more and no fewer. Further ones are answered as such, and recorded as sums.
 * @except the machine's clock jumps
 * @except a ledger was put back
 * @except the process dies
 */
export function findRequestBudgetBreaches(history: History): readonly Breach[] {
  const { homes } = history.world;
  const { steps } = history.plan;
  // By which time its records count is not for this to say.
  if (steps.some(({ do: step }) => step.kind === 'trouble' && step.trouble.kind === 'clock')) return [];
  if (homes.restores.length + homes.seconds.length > 0) return [];
  return [...findCountedEarly(history), ...findRecordedBeyond(history), ...findSums(history)];
}

/** What may count as a call without an effect: nothing was sent of it. */
const mayBeIdle = ({ event: { decision, orders }, origin }: Decision): boolean =>
  origin === 'agent' && decision.kind === 'tool' && orders.length === 0;
/** What does for certain: it was refused. A close withdraws what waits for an approval, also where it is refused. */
const isRefused = (decision: Decision): boolean =>
  mayBeIdle(decision) &&
  decision.event.decision.decision === 'BLOCK' &&
  decision.event.request.intent !== 'close' &&
  !decision.event.decision.reasons.some(({ code }) => code === 'INTERNAL_RECHECK');

/** Null: which policy was in force is not known. */
function limitAt(history: History, seq: number): RateLimit | null {
  const spec = rawOf(history).policyAt(seq);
  return spec === null ? null : (spec.requests?.refusals ?? REQUEST_CEILING);
}

/** A call is one too many only where as many are on record. */
function findCountedEarly(history: History): readonly Breach[] {
  // Records that a process took along as it died counted.
  if (history.world.lives.length > 1) return [];
  const idle = rawOf(history).decisions.filter(mayBeIdle);
  return history.world.calls.flatMap(({ agent, answeredAtMs, askedAtMs, askedAtSeq, outcome, step, tool }) => {
    if (outcome !== 'over_budget' || answeredAtMs === null) return [];
    const limit = limitAt(history, askedAtSeq);
    if (limit === null) return [];
    const { max } = limit;
    const fromMs = askedAtMs - limit.window_ms - SLACK_MS;
    const records = idle.filter((each) => each.agent === agent && each.atMs >= fromMs && each.atMs <= answeredAtMs);
    if (records.length >= max) return [];
    const detail = `${agent} ${tool} (step ${step}) at ${at(askedAtMs)} is one call too many: ${records.length} of ${max} are on record`;
    return [{ code: 'requests/counted-early', detail }];
  });
}

/** No more of them are recorded, by the time that passed, than the policy says that is in force at the last of them. */
function findRecordedBeyond(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const all = new Map<string, Decision[]>();
  for (const last of raw.decisions.filter(isRefused)) {
    const refused = all.get(last.agent) ?? [];
    all.set(last.agent, refused);
    refused.push(last);
    const limit = limitAt(history, last.seq);
    const first = limit === null ? undefined : refused.at(-1 - limit.max);
    if (limit === null || first === undefined) continue;
    const spanMs = last.atMs - first.atMs;
    if (spanMs >= limit.window_ms || spanMs < 0) continue;
    const detail = `${limit.max + 1} refusals of ${last.agent} are on record within ${spanMs} ms, the last is ${last.id}; ${limit.max} may be within ${limit.window_ms}`;
    return [{ code: 'requests/recorded-beyond', detail }];
  }
  return [];
}

/** Sums have what was only counted: never more, and all of it but for what a process took along that died. */
function findSums({ endMs, events, world: { calls, lives } }: History): readonly Breach[] {
  const agents = new Map<string, { reported: number; most: number; due: number }>();
  const of = (agent: string) => {
    const known = agents.get(agent) ?? { reported: 0, most: 0, due: 0 };
    agents.set(agent, known);
    return known;
  };
  for (const { event } of events)
    if (event.kind === 'request_sum' && (event.payload.kind === 'blocked' || event.payload.kind === 'empty_cancel'))
      of(event.payload.agent).reported += event.payload.count;
  for (const { agent, answeredAtMs, outcome } of calls) {
    // A process that died may have counted what it did not answer.
    if (outcome === 'over_budget' || outcome === 'died') of(agent).most += 1;
    if (outcome === 'over_budget' && (answeredAtMs ?? endMs) < endMs - SUMMED_WITHIN_MS) of(agent).due += 1;
  }
  return [...agents].flatMap(([agent, { due, most, reported }]) => {
    if (reported <= most && (lives.length > 1 || reported >= due)) return [];
    const detail = `${reported} calls of ${agent} are on record as sums; ${most} were one too many, ${due} of them long ago`;
    return [{ code: 'requests/sums', detail }];
  });
}
