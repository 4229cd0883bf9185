import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { openingsLeftAtRest } from './resting.ts';

/** From the instant at which a limit binds until its cancels have been sent, ms. */
const CANCELED_WITHIN_MS = 3_000;
/** The daemon's clock is a moment off the exchange's. */
const CLOCKS_MS = 100;
const LIMITED = 'alpha';

/** An agent opens nothing outside its hours; when they end, or it is silent for too long, what it has resting is asked back. */
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

/** Told from the requests that were sent: where answers are lost or refused it is not judged. */
function findResting(history: History, fromMs: number, toMs: number, why: string): readonly Breach[] {
  const { endMs, plan } = history;
  if (plan.setup.onBreach === 'hold' || isDisturbed(history)) return [];
  const untilMs = fromMs + CANCELED_WITHIN_MS;
  if (untilMs >= Math.min(toMs, endMs)) return [];
  return openingsLeftAtRest(history, LIMITED, fromMs, untilMs).map((id) => ({
    code: `limits/rests-${why}`,
    detail: `${id} rests on after ${at(fromMs)}: ${why}`,
  }));
}

function findSlices(history: History, fromMs: number, toMs: number): readonly Breach[] {
  if (isDisturbed(history)) return [];
  const breaches: Breach[] = [];
  for (const { agent, atMs, event, id } of history.decisions.values()) {
    if (agent !== LIMITED || atMs < fromMs || atMs >= toMs || event.decision.kind !== 'slice') continue;
    if (event.orders.some(({ reduce_only }) => !reduce_only))
      breaches.push({ code: 'limits/slice', detail: `slice ${id} at ${at(atMs)}, of a silent agent` });
  }
  return breaches;
}

/** A restart may notice a silence later; what a fault holds up is not the gate's. */
function isDisturbed({ plan }: History): boolean {
  return plan.steps.some(({ do: { kind } }) => /^(fault|wire|crash|restart|away|policy)$/.test(kind));
}
