import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { e8, fraction, isAbove, plus, show } from './exact.ts';
import { opens, rawOf, sinceStart } from './raw.ts';

/** By how much the gate's clock may be off from the exchange's, ms: it knows it only by answers, which take their time. */
const CLOCK_MS = 1_500;
/** What rests is canceled this long after its end, where nothing fails any more, ms. */
const CANCELED_WITHIN_MS = 25_000;

/**
 * Nothing opens that leaves after the `valid_until_ms` of its request, and nothing rests longer than it (docs/api.md,
 * `valid_until_ms`) [AP-8].
 * @except the second and a half by which clocks differ
 * @except of what rests: the last 25 s
 */
export function findOpenedLate(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { id, isAmend, root, sentAtMs } of rawOf(history).openings) {
    const untilMs = root.event.request.valid_until_ms;
    if (isAmend || untilMs === null || sentAtMs <= sinceStart(untilMs) + CLOCK_MS) continue;
    breaches.push({
      code: 'second/opened-late',
      detail: `${id} left at ${at(sentAtMs)}, its request ended at ${at(sinceStart(untilMs))}`,
    });
  }
  for (const { clientOrderId: id, reduceOnly, status } of history.world.exchange.world.state.orders.values()) {
    const by = history.orders.get(id);
    if (by === undefined || reduceOnly || !/^(NEW|PARTIALLY_FILLED)$/.test(status)) continue;
    const untilMs = (history.decisions.get(by.decision.rootId) ?? by.decision).event.request.valid_until_ms;
    if (untilMs === null || sinceStart(untilMs) > history.endMs - CANCELED_WITHIN_MS) continue;
    breaches.push({
      code: 'second/rests-late',
      detail: `${id} rests at the end, its request ended at ${at(sinceStart(untilMs))}`,
    });
  }
  return breaches;
}

/** A token that was revoked counts for this long after that at most, ms. */
const HEARD_MS = 250;

/**
 * What a token asked to open ends with it: from its revocation on nothing of it leaves, nor, once everything is quiet,
 * rests [TM-19]. A token that has expired counts as another one of its agent does.
 * @except an older ledger is put back
 */
export function findSentWithoutToken(history: History): readonly Breach[] {
  const { notes } = history.world.tokens;
  if (notes.length === 0 || history.world.homes.restores.length > 0) return [];
  const deadAt = (id: string | undefined, nowMs: number): boolean => {
    const note = notes.find((each) => each.id === id);
    if (note === undefined) return false;
    if (note.endedAtMs !== null && note.endedAtMs + HEARD_MS < nowMs) return true;
    if (note.expiresAtMs === null || note.expiresAtMs + CLOCK_MS >= nowMs) return false;
    return !notes.some(
      (other) =>
        other.agent === note.agent &&
        (other.endAskedAtMs ?? Number.POSITIVE_INFINITY) + HEARD_MS >= nowMs &&
        (other.expiresAtMs === null || other.expiresAtMs + CLOCK_MS >= nowMs),
    );
  };
  const breaches: Breach[] = [];
  for (const { id, isAmend, root, sentAtMs } of rawOf(history).openings) {
    const token = root.event.authority?.words[0];
    if (isAmend || !deadAt(token, sentAtMs)) continue;
    breaches.push({ code: 'second/sent-without-token', detail: `${id} left at ${at(sentAtMs)}, ${token} had ended` });
  }
  for (const { clientOrderId: id, reduceOnly, status } of history.world.exchange.world.state.orders.values()) {
    const by = history.orders.get(id);
    if (by === undefined || reduceOnly || !/^(NEW|PARTIALLY_FILLED)$/.test(status)) continue;
    const token = (history.decisions.get(by.decision.rootId) ?? by.decision).event.authority?.words[0];
    if (!deadAt(token, history.endMs - CANCELED_WITHIN_MS)) continue;
    breaches.push({ code: 'second/rests-without-token', detail: `${id} rests at the end, ${token} has ended` });
  }
  return breaches;
}

/**
 * What an agent opens without an approval comes to no more than `notional_above_usdt` within any window [AP-15] [AP-17],
 * counted from its decisions [AP-16]. Amends are left out here.
 */
export function findUnapproved(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const breaches: Breach[] = [];
  const opened: { readonly agent: string; readonly atMs: number; readonly usdt: number }[] = [];
  for (const decision of raw.decisions) {
    const { agent, event, id, origin } = decision;
    const { context, decision: decided } = event;
    const approvals = raw.policyAt(decision.seq)?.approvals;
    const isOpened = decided.kind === 'tool' && opens(decision) && event.orders.length > 0 && origin === 'agent';
    if (!isOpened || context.approval?.grant != null) continue;
    const usdt = decided.effective?.notional ?? 0;
    if (approvals !== undefined) {
      const sum = opened
        .filter((each) => each.agent === agent && each.atMs > decided.at_ms - approvals.window_ms)
        .reduce((total, each) => plus(total, fraction(each.usdt)), fraction(usdt));
      for (const rule of approvals.when as readonly { notional_above_usdt?: number }[]) {
        const above = rule.notional_above_usdt;
        if (above === undefined || Object.keys(rule).length > 1 || !isAbove(sum, fraction(above))) continue;
        breaches.push({
          code: 'second/unapproved',
          detail: `with ${id} ${agent} has opened ${show(sum)} USDT within the window, above ${above}`,
        });
      }
    }
    opened.push({ agent, atMs: decided.at_ms, usdt });
  }
  return breaches;
}

/**
 * An approval is used once [AP-35], with the agent, the symbol and the side that were asked for, at most the quantity and
 * the leverage, at no worse price, and after as many different people have signed it as were asked for [AP-6] [AP-2].
 */
export function findBeyondApproval(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const asked = new Map<string, Readonly<Record<string, unknown>>>();
  const signed = new Map<string, Set<string>>();
  const used = new Map<string, string>();
  for (const { event } of history.events) {
    if (event.kind === 'approval') {
      const payload = event.payload as Readonly<Record<string, unknown>>;
      const id = String(payload.approval_id);
      if (payload.action === 'requested') asked.set(id, payload);
      if (payload.action !== 'signed') continue;
      const people = signed.get(id) ?? new Set<string>();
      signed.set(id, people.add(JSON.stringify(payload.proof)));
    }
    if (event.kind !== 'decision') continue;
    const { context, decision, request } = event.payload;
    const grant = context.approval?.grant;
    if (grant == null || decision.kind !== 'tool') continue;
    const { approval_id: id } = grant;
    const fault = (what: string): void =>
      void breaches.push({ code: 'second/approval', detail: `${decision.decision_id} on ${id}: ${what}` });
    const before = used.get(id);
    if (before !== undefined) fault(`${before} has used it`);
    used.set(id, decision.decision_id);
    const { effective } = decision;
    if (decision.decision === 'BLOCK' || effective == null) continue;
    const ask = asked.get(id);
    if (ask === undefined) {
      fault('nobody asked for it');
      continue;
    }
    if (ask.agent !== event.payload.agent || ask.symbol !== request.symbol || ask.side !== effective.side)
      fault('it is of another agent, symbol or side');
    if (e8(effective.quantity ?? '0') > e8(String(ask.quantity))) fault(`${effective.quantity} is more than was asked`);
    const kept = context.market.leverage_locked ? (context.market.leverage_setting ?? 0) : 0;
    if (Math.max(effective.leverage ?? 0, kept) > Number(ask.leverage)) fault('its leverage is more than was asked');
    const price = fraction(effective.limit_price ?? '0');
    const worst = fraction(String(ask.worst_price));
    if (effective.side === 'buy' ? isAbove(price, worst) : isAbove(worst, price)) fault('its price is worse');
    if ((signed.get(id)?.size ?? 0) < Number(ask.quorum ?? 1)) fault('too few have signed it');
  }
  return breaches;
}
