import type { JsonSchemaObject } from '../../../daemon/core/policy.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { CallRecord } from '../records.ts';
import { rawOf } from '../second/raw.ts';

/** Of what was asked for, what lots may take off an order that is told to be as asked. */
const MIN_SHARE = 0.99;
const HAIR = 1e-9;

/** ALLOW is within 1 % of what was asked: by the words of the call, and by the order in its answer. [TD-1 MI-2] */
export function findShortAllows({ decisions, world }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const call of world.calls) {
    const { answer, askedAtMs, args, agent, tool } = call;
    if (answer === null || answer.decision.decision !== 'ALLOW') continue;
    const { decision_id: id, effective } = answer.decision;
    const event = decisions.get(id)?.event;
    if (effective === null || effective.action === 'cancel' || event === undefined) continue;
    const asked = askedOf(call, event);
    if (asked === null) continue;
    const quantity = Number(effective.quantity);
    const sent = asked.unit !== 'USDT' ? quantity : asked.price === null ? effective.notional : quantity * asked.price;
    if (sent >= asked.size * MIN_SHARE * (1 - HAIR)) continue;
    breaches.push({
      code: 'allow/short',
      detail: `${agent} asks ${tool} ${JSON.stringify(args)} at ${at(askedAtMs)}: ${id} is ALLOW with ${sent} of ${asked.size} ${asked.unit}`,
    });
  }
  return breaches;
}

/**
 * What an order may ask for by the operator's schema of `place_order` holds for its words, in either unit: a quantity is
 * worth what its answer says of the order that is sent, a lot for a lot [PK-70].
 */
export function findPassedSchemas(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return history.world.calls.flatMap(({ agent, answer, args, askedAtMs, tool }) => {
    const effective = answer?.decision.effective;
    if (tool !== 'place_order' || answer == null || effective == null || effective.action !== 'open') return [];
    const { decision_id: id, seq } = answer.decision;
    const most = maxUsdtOf(raw.policyAt(seq)?.tools.place_order?.args);
    const { quantity, requested_notional: usdt } = args;
    const worth =
      quantity === undefined ? Number(usdt) : (Number(quantity) * effective.notional) / Number(effective.quantity);
    if (most === null || !(worth > most * (1 + HAIR))) return [];
    const detail = `${agent} asks for ${quantity ?? usdt} at ${at(askedAtMs)}, which is ${worth} USDT: ${id} opens beyond ${most}`;
    return [{ code: 'schema/passed', detail }];
  });
}
function maxUsdtOf(schema: JsonSchemaObject | undefined): number | null {
  const { maximum } = (schema?.properties as { requested_notional?: { maximum?: number } })?.requested_notional ?? {};
  return maximum ?? null;
}

interface Asked {
  readonly size: number;
  readonly unit: 'USDT' | 'coins';
  /** Of a limit order the size is at its own limit. */
  readonly price: number | null;
}
/**
 * The limit of the caller; a sale, also an amended one, is sized at the price that is sent: a tick at least, and none below
 * the market. Null: it has none.
 */
function priceOf({ limit_price: limit }: CallRecord['args'], { decision }: DecisionEvent): number | null {
  if (limit === undefined) return null;
  const { effective } = decision;
  const sent = effective !== null && 'limit_price' in effective ? effective.limit_price : null;
  return effective?.side === 'sell' && sent !== null ? Math.max(Number(limit), Number(sent)) : Number(limit);
}
/** Null: the call names no size. */
function askedOf({ args, tool }: CallRecord, event: DecisionEvent): Asked | null {
  const { quantity, requested_notional: usdt, limit_price: limit } = args;
  const { price_ticks: ticks } = event.context.order ?? {};
  if (tool === 'modify_order' && usdt !== undefined) {
    const { rules } = event.context.market;
    const standing = rules === null || ticks == null ? null : (ticks * rules.tick_mantissa) / rules.tick_scale;
    return { size: Number(usdt), unit: 'USDT', price: limit === undefined ? standing : priceOf(args, event) };
  }
  if (tool === 'place_order' && quantity !== undefined) return { size: Number(quantity), unit: 'coins', price: null };
  if (tool === 'place_order') return { size: Number(usdt), unit: 'USDT', price: priceOf(args, event) };
  if (tool !== 'close_position' || args.fraction === undefined || args.fraction === 1) return null;
  const { agent, exposure, market } = event.context;
  if (market.rules === null) return null;
  // A part is one of what is proven to be held.
  const proven = exposure.position_lots === 0 ? agent.share_lots : exposure.position_lots;
  const lots = Math.min(Math.abs(proven), Math.abs(agent.share_lots));
  return {
    size: (Number(args.fraction) * lots * market.rules.lot_mantissa) / market.rules.lot_scale,
    unit: 'coins',
    price: null,
  };
}
