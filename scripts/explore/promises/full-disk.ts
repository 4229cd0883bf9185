import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** A span in which the reserve of a full disk is in use, of one process. */
interface Span {
  readonly life: number;
  readonly fromSeq: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** On a full disk exits go out, and nothing opens (docs/ledger.md). */
export function findFullDiskBreaches(history: History): readonly Breach[] {
  const spans = readSpans(history);
  return spans.flatMap((span) => [...findNeedless(history, span), ...findExitsRefused(history, span)]);
}

/** From the alert on, which is told right behind the breaker, until the process ends [LE-18]. */
function readSpans({ endMs, events, world }: History): readonly Span[] {
  return events.flatMap(({ atMs, event, seq }) => {
    if (event.kind !== 'alert' || event.payload.code !== 'DISK_FULL') return [];
    const life = world.lives.findLast(({ fromMs }) => fromMs <= atMs);
    return life === undefined ? [] : [{ life: life.number, fromSeq: seq, fromMs: atMs, untilMs: life.toMs ?? endMs }];
  });
}

/** Of what agents ask for only exits that close at once and cancels are recorded [LE-19, LE-20, LE-21]. */
function findNeedless({ decisions }: History, { fromMs, fromSeq, untilMs }: Span): readonly Breach[] {
  return [...decisions.values()].flatMap(({ atMs, event, id, origin, seq }) => {
    if (seq < fromSeq || atMs > untilMs || event.parent_decision_id !== null) return [];
    const { effective } = event.decision;
    const isOpening = event.orders.some((order) => !order.reduce_only);
    const isNeeded =
      origin !== 'agent' ||
      effective?.action === 'cancel' ||
      (effective?.action === 'exit' && effective.time_in_force !== 'GTC');
    if (isNeeded && !isOpening) return [];
    const what = isOpening ? 'opens' : `is recorded (${effective?.action ?? 'nothing'})`;
    return [
      {
        code: 'full-disk/needless',
        detail: `decision ${id} of ${at(atMs)} ${what}; the reserve is in use since ${at(fromMs)}`,
      },
    ];
  });
}

/**
 * The first exit of an agent in a symbol is taken, for the whole of what it holds, while anything can be recorded.
 * @except trading is halted there
 */
function findExitsRefused(history: History, { fromMs, life, untilMs }: Span): readonly Breach[] {
  const { events, shareAt, world } = history;
  const lastMs = events.findLast(({ atMs }) => atMs <= untilMs)?.atMs ?? 0;
  const asked = new Set<string>();
  return world.calls.flatMap((call) => {
    const { agent, answeredAtMs, args, askedAtMs, outcome, tool } = call;
    const symbol = String(args.symbol ?? '');
    if (call.life !== life || askedAtMs <= fromMs || askedAtMs > untilMs) return [];
    const isFirst = !asked.has(`${agent} ${symbol}`);
    if (tool === 'close_position' || args.intent === 'close') asked.add(`${agent} ${symbol}`);
    if (tool !== 'close_position' || !isFirst || args.fraction !== undefined || outcome !== 'unavailable') return [];
    if (shareAt(agent, symbol, askedAtMs) === 0 || answeredAtMs === null || lastMs <= answeredAtMs) return [];
    if (isHaltedAt(history, agent, symbol, askedAtMs)) return [];
    return [
      {
        code: 'full-disk/exit-refused',
        detail: `${agent} asks to close ${symbol} at ${at(askedAtMs)}: ${call.detail}`,
      },
    ];
  });
}

/** Of the account, the symbol or the agent. */
function isHaltedAt({ events }: History, agent: string, symbol: string, atMs: number): boolean {
  const layers = new Map<string, string>();
  for (const { atMs: setAtMs, event } of events) {
    if (event.kind !== 'state' || setAtMs > atMs) continue;
    const { layer, name, scope, state } = event.payload;
    if (scope === 'account' || name === (scope === 'agent' ? agent : symbol)) layers.set(`${layer} ${scope}`, state);
  }
  return [...layers.values()].includes('halted');
}
