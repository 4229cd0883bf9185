import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { OPERATOR } from '../records.ts';
import { CLOCKS_MS, endedMs, isUp, worksUntilMs } from './token-ends.ts';

/** The entrance looks a token up again within this time. */
const LOOKED_UP_WITHIN_MS = 250;
/** An end is noticed so late, and told then, where a daemon runs. */
const REPORTED_WITHIN_MS = 3_000;

/** What is told about tokens: that an agent has none, that one has expired, which of them live. */
export function findTokenNewsBreaches(history: History): readonly Breach[] {
  return [
    ...findFalseOrphans(history),
    ...findReportedAgain(history),
    ...findFalseExpiries(history),
    ...findMislisted(history),
    ...findWaitingApprovals(history),
  ];
}

interface News {
  readonly agent: string;
  readonly atMs: number;
}

/** Alerts, each with its agent. */
function readOrphans({ events }: History): readonly News[] {
  return events.flatMap(({ atMs, event }) => {
    if (event.kind !== 'alert' || event.payload.code !== 'AGENT_WITHOUT_TOKEN') return [];
    return [{ agent: /^agent (\S+) /.exec(event.payload.detail)?.[1] ?? '', atMs }];
  });
}

/** Nobody is said to be without a token who has one. */
function findFalseOrphans(history: History): readonly Breach[] {
  return readOrphans(history).flatMap(({ agent, atMs }) => {
    const live = history.world.tokens
      .of(agent)
      .find((note) => note.createdAtMs < atMs - CLOCKS_MS && worksUntilMs(history, note) > atMs + CLOCKS_MS);
    if (live === undefined) return [];
    return [
      {
        code: 'tokens/said-to-be-without',
        detail: `${agent} is said to have no token at ${at(atMs)}; ${live.id} works`,
      },
    ];
  });
}

/**
 * It is told once until the agent has a token again, by however many daemons in turn.
 * @except whether it has one nobody knows
 */
function findReportedAgain(history: History): readonly Breach[] {
  const { tokens } = history.world;
  const lastMs = new Map<string, number>();
  const breaches: Breach[] = [];
  for (const { agent, atMs } of readOrphans(history)) {
    const knownMs = lastMs.get(agent);
    lastMs.set(agent, atMs);
    if (knownMs === undefined || tokens.isUnsure(agent)) continue;
    if (hasOpenedAfterAll(history, agent, knownMs)) continue;
    if (!tokens.of(agent).some(({ createdAtMs }) => createdAtMs >= knownMs - CLOCKS_MS && createdAtMs <= atMs))
      breaches.push({
        code: 'tokens/told-again',
        detail: `that ${agent} has no token is told at ${at(knownMs)} and again at ${at(atMs)}, and it had none in between`,
      });
  }
  return breaches;
}

/** A token that another process has ended is heard for a moment, so that there is something to end once more. */
function hasOpenedAfterAll({ decisions }: History, agent: string, knownMs: number): boolean {
  return [...decisions.values()].some(
    ({ agent: by, atMs, event }) =>
      by === agent &&
      atMs > knownMs &&
      atMs <= knownMs + LOOKED_UP_WITHIN_MS &&
      event.decision.kind === 'tool' &&
      event.orders.some((planned) => !planned.reduce_only),
  );
}

/**
 * That one has expired is said of one that has, and that nothing has replaced; and it is said.
 * @except another one has taken its place
 * @except whether it has one nobody knows
 * @except no daemon runs for three seconds
 */
function findFalseExpiries(history: History): readonly Breach[] {
  const { tokens } = history.world;
  const reported = new Set<string>();
  const breaches: Breach[] = [];
  for (const { atMs, event } of history.events) {
    if (event.kind !== 'alert' || event.payload.code !== 'TOKEN_EXPIRED') continue;
    const id = /token (\S+) /.exec(event.payload.detail)?.[1] ?? '';
    reported.add(id);
    const note = tokens.notes.find((each) => each.id === id);
    if (note !== undefined && worksUntilMs(history, note) > atMs + CLOCKS_MS)
      breaches.push({
        code: 'tokens/said-to-have-expired',
        detail: `${id} is said to have expired at ${at(atMs)}, and works`,
      });
  }
  for (const note of tokens.notes) {
    const { agent, endAskedAtMs, expiresAtMs, id } = note;
    const endMs = endedMs(history, note);
    const untilMs = endMs + REPORTED_WITHIN_MS;
    if (expiresAtMs === null || reported.has(id) || (endAskedAtMs ?? untilMs) < untilMs) continue;
    // One that lives longer has taken its place.
    const isReplaced = tokens
      .of(agent)
      .some(
        (other) =>
          other.createdAtMs < untilMs &&
          endedMs(history, other) > expiresAtMs &&
          (other.expiresAtMs ?? Number.POSITIVE_INFINITY) > expiresAtMs,
      );
    if (isReplaced || tokens.isUnsure(agent)) continue;
    if (untilMs < history.endMs && isUp(history, endMs, untilMs))
      breaches.push({
        code: 'tokens/expiry-untold',
        detail: `${id} of ${agent} has expired at ${at(endMs)}, and nobody is told by ${at(untilMs)}`,
      });
  }
  return breaches;
}

/** The list of tokens says which of them live. */
function findMislisted(history: History): readonly Breach[] {
  const { gate, tokens } = history.world;
  if (gate === null) return [];
  const listed = new Map(gate.tokens.getTokens(OPERATOR.tokenId).tokens.map((token) => [token.id, token.is_live]));
  return tokens.notes.flatMap((note) => {
    const isLive = listed.get(note.id) ?? null;
    const isEnded = endedMs(history, note) < history.endMs;
    if (isLive === !isEnded || (isEnded === false && worksUntilMs(history, note) <= history.endMs)) return [];
    return [
      {
        code: 'tokens/mislisted',
        detail: `${note.id} of ${note.agent} is listed as ${isLive === true ? 'live' : 'not live'} at ${at(history.endMs)}`,
      },
    ];
  });
}

/**
 * What was asked of people with a token waits no longer than that: it would keep its agent from asking again.
 * @except no daemon runs for three seconds
 */
function findWaitingApprovals(history: History): readonly Breach[] {
  const asked = new Map<string, string>();
  for (const { event } of history.events)
    if (event.kind === 'approval' && event.payload.action === 'requested')
      asked.set(event.payload.approval_id, event.payload.token_id);
  return history.world.calls.flatMap((call) => {
    const { agent, answer, step } = call;
    // A repeat is answered with what was decided at first.
    const askedAtMs = history.decisionOf(call)?.atMs ?? call.askedAtMs;
    const waiting = answer?.decision.reasons.find(({ unit }) => unit === 'pending')?.observed;
    const tokenId = asked.get(String(waiting));
    const note = history.world.tokens.notes.find(({ id }) => id === tokenId);
    const sinceMs = note === undefined ? Number.POSITIVE_INFINITY : endedMs(history, note);
    if (askedAtMs <= sinceMs + REPORTED_WITHIN_MS || !isUp(history, askedAtMs - REPORTED_WITHIN_MS, askedAtMs))
      return [];
    const detail = `${agent} (step ${step}, ${at(askedAtMs)}) is refused for ${waiting}, which was asked for with ${tokenId}: that ended at ${at(sinceMs)}`;
    return [{ code: 'tokens/approval-waits', detail }];
  });
}
