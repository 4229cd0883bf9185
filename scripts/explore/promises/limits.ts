import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { openingsLeftAtRest } from './resting.ts';

/** From the instant at which a limit binds until its cancels have been sent, ms. */
const CANCELED_WITHIN_MS = 3_000;
/** The daemon's clock is a moment off the exchange's. */
const CLOCKS_MS = 100;
const LIMITED = 'alpha';
/** So long before a limit binds nothing was wrong, ms; a request is answered soon, and another one follows it. */
const CALM_BEFORE_MS = 8_000;
const SOON_MS = 1_000;
const MAX_PAUSE_MS = 6_000;

/**
 * An agent opens nothing outside its hours; when they end, or it is silent for too long, what it has resting is asked back.
 * @except the machine’s clock jumps, or the ledger fails
 */
export function findLimitBreaches(history: History): readonly Breach[] {
  const { limits } = history.plan.setup;
  // Where the machine's clock jumps, when is not for this to say.
  const hasJumped = history.plan.steps.some(({ do: action }) => action.kind === 'trouble');
  if (limits === undefined || hasJumped) return [];
  const { closed, heartbeatMs } = limits;
  return [
    ...(closed === null ? [] : findOpenedWhileClosed(history, closed)),
    ...(closed === null ? [] : findResting(history, closed.fromMs, closed.toMs, 'closed')),
    ...findSilences(history, heartbeatMs).flatMap(({ fromMs, toMs }) => [
      ...findResting(history, fromMs, toMs, 'silent'),
      ...findSlices(history, fromMs + CANCELED_WITHIN_MS, toMs),
    ]),
  ];
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

function findOpenedWhileClosed(history: History, { fromMs, toMs }: Span): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { agent, atMs, event, id } of history.decisions.values()) {
    if (agent !== LIMITED || atMs < fromMs + CLOCKS_MS || atMs >= toMs - CLOCKS_MS) continue;
    if (event.decision.effective?.action !== 'open' || event.orders.length === 0) continue;
    if (event.decision.kind === 'tool' || event.decision.kind === 'slice')
      breaches.push({ code: 'limits/opened', detail: `${id} opens at ${at(atMs)}, outside the hours of ${agent}` });
  }
  return breaches;
}

/** Spans in which the agent made no call, from when that was too long. */
function findSilences({ endMs, world }: History, heartbeatMs: number | null): readonly Span[] {
  if (heartbeatMs === null) return [];
  const calledMs = world.calls
    .filter(({ agent, outcome }) => agent === LIMITED && !/^(down|died|unauthenticated)$/.test(outcome))
    .map(({ askedAtMs }) => askedAtMs)
    .sort((a, b) => a - b);
  return calledMs
    .map((atMs, index) => ({ fromMs: atMs + heartbeatMs, toMs: calledMs[index + 1] ?? endMs }))
    .filter(({ fromMs, toMs }) => toMs > fromMs);
}

/**
 * Told from the requests that were sent: where answers are lost or refused it is not judged.
 * @except the policy says that it stays
 * @except something fails, or a policy is saved
 * @except it is over within three seconds
 */
function findResting(history: History, fromMs: number, toMs: number, why: string): readonly Breach[] {
  const { endMs, plan } = history;
  const untilMs = fromMs + CANCELED_WITHIN_MS;
  if (plan.setup.onBreach === 'hold' || untilMs >= Math.min(toMs, endMs)) return [];
  if (isDisturbed(history, fromMs, untilMs)) return [];
  return openingsLeftAtRest(history, LIMITED, fromMs, untilMs).map((id) => ({
    code: `limits/rests-${why}`,
    detail: `${id} rests on after ${at(fromMs)}: ${why}`,
  }));
}

/**
 * No slice of an agent that is silent is sent.
 * @except something fails, or a policy is saved
 */
function findSlices(history: History, fromMs: number, toMs: number): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { agent, atMs, event, id } of history.decisions.values()) {
    if (agent !== LIMITED || atMs < fromMs || atMs >= toMs || event.decision.kind !== 'slice') continue;
    if (event.orders.some(({ reduce_only }) => !reduce_only) && !isDisturbed(history, fromMs, atMs))
      breaches.push({ code: 'limits/slice', detail: `slice ${id} at ${at(atMs)}, of a silent agent` });
  }
  return breaches;
}

/**
 * A restart may notice a silence later, and what a fault holds up is not the gate's: told from the requests, all of which
 * were answered soon and well, without a pause, from before the limit bound on.
 */
function isDisturbed({ plan, world }: History, fromMs: number, untilMs: number): boolean {
  if (plan.steps.some(({ do: { kind } }) => kind === 'policy')) return true;
  const sinceMs = fromMs - Math.max(CALM_BEFORE_MS, plan.setup.limits?.heartbeatMs ?? 0);
  if (sinceMs < 0) return true;
  const lives = new Set(world.wire.looks.filter(isWithin(sinceMs, untilMs)).map(({ life }) => life));
  if (lives.size !== 1) return true;
  const asked = [...world.wire.records, ...world.wire.looks]
    .filter(isWithin(sinceMs, untilMs))
    .sort((a, b) => a.sentAtMs - b.sentAtMs);
  let lastMs = sinceMs;
  for (const { answeredAtMs, sentAtMs, status } of asked) {
    if (sentAtMs - lastMs > MAX_PAUSE_MS || answeredAtMs === null) return true;
    if (answeredAtMs - sentAtMs > SOON_MS || (status ?? 500) >= 400) return true;
    lastMs = sentAtMs;
  }
  return untilMs - lastMs > MAX_PAUSE_MS;
}

function isWithin(fromMs: number, toMs: number): (record: { readonly sentAtMs: number }) => boolean {
  return ({ sentAtMs }) => sentAtMs >= fromMs && sentAtMs <= toMs;
}
