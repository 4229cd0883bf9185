import type { DecisionEvent, ExitTargetEvent, OrderEvent } from '../../daemon/engine/records/decisions.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import type { Tale } from './evidence.ts';

/** Both symbols of the exchange have lots of 0.001; records count in units of 1e-8. */
const LOT_E8 = 100_000;

export function emptyTale(): Tale {
  return {
    planned: new Map(),
    decisions: new Map(),
    outcomes: new Map(),
    alerts: [],
    exitEnds: new Map(),
    lastSeq: 0,
  };
}

/** Goes on reading a ledger's file past the daemon, from where `tale` ends. */
export function readOn(path: string, tale: Tale): Tale {
  const reader = openLedgerReader(path);
  try {
    for (const event of reader.iterateEvents({ fromSeq: tale.lastSeq + 1 })) {
      const { seq, at_ms, kind, payload } = event as unknown as {
        readonly seq: number;
        readonly at_ms: number;
        readonly kind: string;
        readonly payload: unknown;
      };
      tale.lastSeq = seq;
      if (kind === 'decision') takeDecision(tale, seq, at_ms, payload as DecisionEvent);
      else if (kind === 'order') {
        const { client_order_id: id, status, executed_e8: executedE8 } = payload as OrderEvent;
        tale.outcomes.set(id, { status, executedLots: executedE8 / LOT_E8, seq });
      } else if (kind === 'alert') tale.alerts.push({ seq, ...(payload as { code: string; symbol: string | null }) });
      else if (kind === 'exit_target') {
        const target = payload as ExitTargetEvent;
        if (target.action === 'ended') tale.exitEnds.set(target.decision_id, target.reason);
      }
    }
  } finally {
    reader.close();
  }
  return tale;
}

function takeDecision(tale: Tale, seq: number, atMs: number, event: DecisionEvent): void {
  const { decision, orders, parent_decision_id: parent, request } = event;
  tale.decisions.set(decision.decision_id, {
    id: decision.decision_id,
    seq,
    atMs,
    requestId: decision.kind === 'tool' ? request.request_id : null,
    kind: decision.kind,
    verdict: decision.decision,
    action: decision.effective?.action ?? null,
    symbol: decision.symbol,
    lots: decision.effective?.lots ?? 0,
  });
  for (const order of orders)
    tale.planned.set(order.client_order_id, {
      clientId: order.client_order_id,
      rootId: parent ?? decision.decision_id,
      symbol: order.symbol,
      side: order.side,
      reduceOnly: order.reduce_only,
      lots: order.quantity_e8 / LOT_E8,
    });
}
