import type { EffectiveAction, ExecutionDecision, SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { AskDraft } from '../readings/inputs.ts';
import type { PlannedOrder } from '../records/decisions.ts';
import { type LotRules, lotE8, readE8, type TickRules, tickE8, toE8 } from '../records/units.ts';
import type { OrderCount } from '../records/venue.ts';

/**
 * Client order ids and decision ids. An id is used once in the life of an account, whatever happens to the ledger: a
 * recovered or taken-over ledger begins a new epoch, so that reused seqs give different ids.
 */

/** The parts of a ledger's ids. `epoch`: venue time of the last recovery, s; null before the first one. */
export interface IdSource {
  readonly genesisId: string;
  readonly epoch: number | null;
}

/** Genesis prefix of ids: 6 hex digits show whose order it is. */
function prefix(genesisId: string): string {
  return genesisId.slice(0, 6);
}

/**
 * `hf<6 of genesis>-<epoch>-<seq>-<slice>-<attempt>`, `hf<6 of genesis><seq>-<slice>-<attempt>` before the first epoch,
 * in base 36: deterministic, unique, at most 36 characters.
 */
export function clientOrderId({ genesisId, epoch }: IdSource, seq: number, slice: number, attempt: number): string {
  const place = `${seq.toString(36)}-${slice.toString(36)}-${attempt.toString(36)}`;
  return epoch === null ? `hf${prefix(genesisId)}${place}` : `hf${prefix(genesisId)}-${epoch.toString(36)}-${place}`;
}

/** `d-<6 of genesis>-<epoch>-<seq>`, without the epoch before the first recovery. It ends in its record's seq. */
export function decisionId({ genesisId, epoch }: IdSource, seq: number): string {
  const place = seq.toString(36);
  return epoch === null ? `d-${prefix(genesisId)}-${place}` : `d-${prefix(genesisId)}-${epoch.toString(36)}-${place}`;
}

/** The owner of a client order id: this ledger, another Holdfast ledger, or anybody else (a person, a tool). */
export type IdOwner = 'own' | 'other_ledger' | 'none';

export function ownerOf(clientOrderId: string, genesisId: string): IdOwner {
  if (!/^hf[0-9a-f]{6}/.test(clientOrderId)) return 'none';
  return clientOrderId.startsWith(`hf${prefix(genesisId)}`) ? 'own' : 'other_ledger';
}

export const NO_ORDERS = (): readonly PlannedOrder[] => [];

/** The steps that a decision was taken in: those of its own context. */
export type Steps = LotRules & TickRules;

/**
 * Orders of an opening or exit decision, from its staging plan. `exitDelay`: time that an exit waits unsent, ms
 * (`ExitPump.planDelay`); slices come when the plan says so.
 */
export function planFromDecision(
  { ids, seq }: { readonly ids: IdSource; readonly seq: number },
  decision: ExecutionDecision,
  request: ExecutionRequest,
  { exitDelay, steps }: { readonly steps: Steps; readonly exitDelay: (effective: SizedAction) => number },
): readonly PlannedOrder[] {
  const { effective } = decision;
  if (decision.decision === 'BLOCK' || effective === null || request.symbol === null) return [];
  if (effective.action !== 'open' && effective.action !== 'exit') return [];
  const symbol = request.symbol;
  const waitMs = effective.action === 'exit' ? exitDelay(effective) : null;
  return decision.constraints.staging_plan.map(({ delay_ms: delayMs, quantity, slice }) => ({
    ...planSingle(effective, steps, { symbol, id: clientOrderId(ids, seq, slice, 0), slice }),
    delay_ms: waitMs ?? delayMs,
    quantity_e8: readE8(quantity),
  }));
}

/** One order with everything given: exits' later rungs, gate exits. */
export function planSingle(
  effective: EffectiveAction,
  steps: Steps,
  { id, slice, symbol }: { readonly symbol: string; readonly id: string; readonly slice: number },
): PlannedOrder {
  if (effective.action === 'cancel') throw new Error('a cancel is no order');
  return {
    client_order_id: id,
    delay_ms: 0,
    kind: 'regular',
    leverage: effective.leverage ?? 1,
    quantity_e8: toE8(effective.lots, lotE8(steps)),
    order_type: effective.order_type,
    price_e8: effective.price_ticks === null ? null : toE8(effective.price_ticks, tickE8(steps)),
    protective: false,
    reduce_only: effective.reduce_only,
    side: effective.side,
    slice,
    symbol,
    time_in_force: effective.time_in_force,
    trigger_e8: null,
  };
}

/** Where requests of the gate itself go. */
export interface ReviewPlace {
  readonly account: string;
  readonly venue: string;
}

/** Agent name of what the gate asks on its own behalf. */
export const GATE_AGENT = 'gate';

/** A position above a tightened cap, to be cut back by the gate (on_breach: reduce). */
export interface Breach {
  readonly symbol: string;
  readonly quantityE8: number;
  readonly cause: string;
}

/** An opening request of the gate itself with nothing asked for: what budgets and regimes are looked up with. */
export function bareRequest(place: ReviewPlace, symbol: string, nowMs: number): ExecutionRequest {
  return {
    account: place.account,
    after_decision_id: null,
    agent: GATE_AGENT,
    client_order_id: null,
    fraction: null,
    intent: 'open',
    limit_price: null,
    max_slippage_bps: null,
    order_type: 'limit',
    origin: 'gate',
    quantity: null,
    reduce_only: false,
    request_id: null,
    requested_leverage: 1,
    requested_notional: null,
    side: 'buy',
    skill_sha256: null,
    strategy_id: null,
    symbol,
    timestamp_ms: nowMs,
    tool: 'place_order',
    valid_until_ms: null,
    venue: place.venue,
  };
}

/** The first decision on what a caller, or the gate itself, asks for. Written out: copying members is slower. */
export function parentAsk(place: ReviewPlace): AskDraft {
  return {
    phase: 'parent',
    venue: place.venue,
    accountName: place.account,
    tokenSkillSha256: null,
    schemaViolation: null,
    own: null,
    leaving: null,
    exitRung: 0,
    sliceE8: null,
    parentPriceE8: null,
    grant: null,
    target: null,
  };
}

/** A later order of what was permitted: a slice that falls due, or the next order of an exit. */
export function laterAsk(place: ReviewPlace, quantityE8: number): AskDraft {
  const ask = parentAsk(place);
  ask.phase = 'slice';
  ask.sliceE8 = quantityE8;
  return ask;
}

/** What the venue takes of one account: orders in a window (BINANCE.md part B, 2.3). */
const LIMITS = [
  { windowMs: 10_000, max: 300 },
  { windowMs: 60_000, max: 1_200 },
] as const;
const LONGEST_MS = 60_000;

/**
 * How much of the venue's limit an order may use up. `own`: operator, stops and the gate's exits, all of it. `closing`:
 * an agent's exit that closes now; `other`: whatever else agents ask for. What one leaves over no later one takes.
 */
export const SHARES = { own: 1, closing: 0.8, other: 0.5 } as const;
export type OrderClass = keyof typeof SHARES;

/**
 * Orders of the account at the venue, as we send them and as its answers count them: others may send for the same
 * account. Sliding windows of wall time, which hold in any fixed ones that the venue counts in.
 */
export class OrderCounts {
  readonly #wallMs: () => number;
  /** Instants at which an order went out, oldest first. */
  #sent: number[] = [];

  /** `wallMs`: wall time that never goes back. */
  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /** An order goes out: noted when that is decided, so that what is decided in one turn counts as well. */
  note(): void {
    const now = this.#wallMs();
    this.#drop(now);
    this.#sent.push(now);
  }

  /** What an answer of the venue counts beyond what is known here was sent by somebody else; true: there was something. */
  adopt(counts: readonly OrderCount[]): boolean {
    const now = this.#wallMs();
    this.#drop(now);
    const known = this.#sent.length;
    for (const { windowMs, used } of counts) {
      const most = LIMITS.find((limit) => limit.windowMs === windowMs)?.max ?? 0;
      for (let more = Math.min(used, most) - this.#within(now, windowMs); more > 0; more -= 1) this.#sent.push(now);
    }
    return this.#sent.length > known;
  }

  /** Wall time until another order of that class may go out, ms; 0: now. `noted`: so many of what is asked for count already. */
  waitMs(orderClass: OrderClass, noted = 0): number {
    const now = this.#wallMs();
    this.#drop(now);
    let waitMs = 0;
    for (const { windowMs, max } of LIMITS) {
      const may = Math.floor(max * SHARES[orderClass]) + noted;
      // The one that has to leave the window first; asked at every decision, so nothing is counted.
      const blocking = this.#sent.at(-may);
      if (blocking !== undefined && blocking > now - windowMs)
        waitMs = Math.max(waitMs, Math.max(1, blocking + windowMs - now));
    }
    return waitMs;
  }

  #within(now: number, windowMs: number): number {
    let count = 0;
    for (let i = this.#sent.length - 1; i >= 0 && this.#sent[i]! > now - windowMs; i -= 1) count += 1;
    return count;
  }
  #drop(now: number): void {
    let old = 0;
    while (old < this.#sent.length && this.#sent[old]! <= now - LONGEST_MS) old += 1;
    if (old > 0) this.#sent = this.#sent.slice(old);
  }
}
