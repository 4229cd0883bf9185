import type { History } from '../history.ts';
import { START_MS } from '../market.ts';
import type { Decision, SendRecord } from '../records.ts';
import type { WorldPolicy } from '../world-policy.ts';
import { e8 } from './exact.ts';

export type Spec = WorldPolicy['spec'];

/** What opens, or changes what opens, as it came to the exchange. */
export interface Opening {
  readonly id: string;
  readonly send: SendRecord;
  readonly isAmend: boolean;
  /** An amend to no more than it was, at no better a price: it reduces risk (docs/architecture.md). */
  readonly isLess: boolean;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  /** What may still fill of it, and its price, in units of 1e-8. */
  readonly quantityE8: bigint;
  readonly priceE8: bigint;
  readonly sentAtMs: number;
  readonly servedAtMs: number;
  /** The request that it belongs to. */
  readonly root: Decision;
  /** The last decision about it before it was sent. */
  readonly decision: Decision;
}

/** The records of a ledger, the requests that came to the exchange and its book, in the order that the second promises read. */
export interface Raw {
  readonly history: History;
  readonly openings: readonly Opening[];
  /** In the order of the ledger. */
  readonly decisions: readonly Decision[];
  /** The policy in force at a record; null: none is known. */
  readonly policyAt: (seq: number) => Spec | null;
  /**
   * Whether something that this ledger does not know of may have moved a symbol within a span: a person's hand, a
   * liquidation, another daemon, or what a restored copy has lost.
   */
  readonly isDisturbed: (symbol: string, fromMs: number, untilMs: number) => boolean;
}

/** A person's hand is believed this long after it at the latest, ms. */
export const BELIEVED_MS = 75_000;

const read = new WeakMap<History, Raw>();

export function rawOf(history: History): Raw {
  let raw = read.get(history);
  if (raw === undefined) {
    raw = readRaw(history);
    read.set(history, raw);
  }
  return raw;
}

function readRaw(history: History): Raw {
  const { world } = history;
  const decisions = [...history.decisions.values()].sort((a, b) => a.seq - b.seq);
  const byHash = new Map(world.policies.map(({ policy }) => [policy.hash, policy.spec]));
  const inForce: { readonly seq: number; readonly spec: Spec | null }[] = [];
  for (const { event, seq } of history.events)
    if (event.kind === 'policy' && event.payload.action === 'in_force')
      inForce.push({ seq, spec: byHash.get(event.payload.hash) ?? null });
  const { hands } = world.venue;
  const { restores, seconds } = world.homes;
  return {
    history,
    decisions,
    openings: readOpenings(history, decisions),
    policyAt: (seq) => inForce.findLast((each) => each.seq <= seq)?.spec ?? null,
    isDisturbed: (symbol, fromMs, untilMs) =>
      restores.length > 0 ||
      seconds.length > 0 ||
      hands.some(
        (hand) =>
          hand.what === 'order' &&
          (hand.symbol === null || hand.symbol === symbol) &&
          hand.atMs >= fromMs &&
          hand.atMs <= untilMs,
      ),
  };
}

/** When the records of an instant were lost, as an older ledger was put back; infinite: they were not. */
export function lostAtMs({ world: { homes } }: History, atMs: number): number {
  const lost = homes.restores.find((restore) => restore.copiedAtMs <= atMs && atMs <= restore.atMs);
  return lost?.atMs ?? Number.POSITIVE_INFINITY;
}

function readOpenings(history: History, decisions: readonly Decision[]): readonly Opening[] {
  const { orders, world } = history;
  const about = new Map<string, Decision[]>();
  for (const decision of decisions) {
    const { decision: decided, orders: planned, request } = decision.event;
    const amended = decided.effective?.action === 'amend' ? request.client_order_id : null;
    for (const id of [...planned.map((order) => order.client_order_id), ...(amended === null ? [] : [amended])]) {
      const known = about.get(id);
      if (known === undefined) about.set(id, [decision]);
      else known.push(decision);
    }
  }
  const openings: Opening[] = [];
  for (const send of world.venue.sends) {
    const { clientId: id, life, method, params, sentAtMs, servedAtMs } = send.wire;
    if (id === null || servedAtMs === null || world.homes.isSecond(life)) continue;
    const by = orders.get(id);
    if (by === undefined || by.planned.reduce_only || params.text('reduceOnly') === 'true') continue;
    // Its record was lost, and its id has been given again since.
    if (lostAtMs(history, sentAtMs) < by.decision.atMs) continue;
    const decision = about.get(id)?.findLast((each) => each.atMs <= sentAtMs) ?? by.decision;
    const quantityE8 = e8(params.text('quantity') ?? '0') - BigInt(send.executed);
    const priceE8 = e8(params.text('price') ?? '0');
    const side = params.text('side') === 'BUY' ? 'buy' : 'sell';
    const isAmend = method === 'PUT';
    openings.push({
      id,
      send,
      isAmend,
      isLess: isAmend && isLess(decision, { side, quantityE8: e8(params.text('quantity') ?? '0'), priceE8 }),
      symbol: send.symbol,
      side,
      quantityE8,
      priceE8,
      sentAtMs,
      servedAtMs,
      root: history.decisions.get(by.decision.rootId) ?? by.decision,
      decision,
    });
  }
  return openings;
}

/** A buy that goes up, and a sell that goes up or down, is another opening: it may be worth more, or fill sooner. */
function isLess({ event: { context } }: Decision, form: Pick<Opening, 'side' | 'quantityE8' | 'priceE8'>): boolean {
  const { order } = context;
  const { rules } = context.market;
  if (order === null || rules === null || order.price_ticks === null) return false;
  const beforeE8 = (count: number, mantissa: number, scale: number): bigint =>
    (BigInt(count) * BigInt(mantissa) * 100_000_000n) / BigInt(scale);
  const priceE8 = beforeE8(order.price_ticks, rules.tick_mantissa, rules.tick_scale);
  if (form.quantityE8 > beforeE8(order.lots, rules.lot_mantissa, rules.lot_scale)) return false;
  return form.side === 'buy' ? form.priceE8 <= priceE8 : form.priceE8 === priceE8;
}

/** Whether something was decided that opens. */
export function opens({ event: { decision } }: Decision): boolean {
  return decision.decision !== 'BLOCK' && decision.effective?.action === 'open';
}

/** Of the world's clock, of an instant of the exchange's. */
export function sinceStart(venueMs: number): number {
  return venueMs - START_MS;
}
