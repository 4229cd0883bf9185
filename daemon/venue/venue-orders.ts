import type {
  Approved,
  CancelOutcome,
  FetchOutcome,
  OrderInstruction,
  OrderKind,
  StopInstruction,
  SubmitOutcome,
  VenueOrder,
} from '../engine/records/venue.ts';
import type { Cause } from '../engine/tables/cause.ts';
import { isResting } from '../engine/tables/status.ts';
import type { MarketTables } from './tables/market-tables.ts';
import { parseAlgoOrder, parseRegularOrder } from './tables/parse-orders.ts';
import { writePrice, writeQuantity, writeTrigger } from './tables/write-order.ts';
import type { BinanceClient, VenueCall } from './wire/ccxt-binance.ts';
import type { CcxtBinance } from './wire/ccxt-types.ts';
import { MalformedAnswerError, readText, requireObject } from './wire/exact-fields.ts';
import { classifySubmit } from './wire/outcome.ts';
import type { CallEnd, VenueLink } from './wire/venue-link.ts';

type Wire = Readonly<Record<string, string>>;
/** A longer one would be a mistake in units: the deadline is a span of wall milliseconds from the call. */
const MAX_DEADLINE_MS = 60_000;

function rejectLocally(message: string, cause: Cause): SubmitOutcome {
  return { kind: 'rejected', rejection: { cause, code: null, message, retryAfterMs: null } };
}

function checkCanceled(json: unknown, clientOrderId: string): VenueOrder {
  const order = parseRegularOrder(json);
  if (order.clientOrderId !== clientOrderId || isResting(order)) {
    throw new MalformedAnswerError('the answer does not say that this order is canceled');
  }
  return order;
}

/** Everything that changes something at the exchange. One attempt each: a repeat is a decision of the gate. */
export class VenueOrders {
  readonly #client: BinanceClient;
  readonly #tables: MarketTables;
  readonly #link: VenueLink;
  constructor(client: BinanceClient, tables: MarketTables, link: VenueLink) {
    this.#client = client;
    this.#tables = tables;
    this.#link = link;
  }

  async submit(order: Approved<OrderInstruction>, deadlineMs: number): Promise<SubmitOutcome> {
    return this.#place(deadlineMs, order.reduceOnly, () => {
      const steps = this.#tables.requireSteps(order.symbol);
      const quantity = writeQuantity(order.quantityE8, steps);
      const isLimit = order.orderType === 'limit';
      if (isLimit !== (order.priceE8 !== null) || isLimit !== (order.timeInForce !== null)) {
        throw new RangeError('a limit order, and only a limit order, has a price and a time in force');
      }
      const price = order.priceE8 === null ? undefined : writePrice(order.priceE8, order.side, steps);
      const timeInForce = order.goodTillMs === null ? order.timeInForce : 'GTD';
      const params = {
        newClientOrderId: order.clientOrderId,
        ...(timeInForce === null ? {} : { timeInForce }),
        ...(order.goodTillMs === null ? {} : { goodTillDate: order.goodTillMs }),
        ...(order.reduceOnly ? { reduceOnly: true } : {}),
      };
      const expected: Wire = {
        symbol: order.symbol,
        side: order.side.toUpperCase(),
        type: order.orderType.toUpperCase(),
        quantity,
        newClientOrderId: order.clientOrderId,
        newOrderRespType: 'RESULT',
        ...(price === undefined ? {} : { price }),
        ...(timeInForce === null ? {} : { timeInForce }),
        ...(order.goodTillMs === null ? {} : { goodTillDate: String(order.goodTillMs) }),
        ...(order.reduceOnly ? { reduceOnly: 'true' } : {}),
      };
      const symbol = this.#tables.unifiedSymbol(order.symbol);
      return {
        expected,
        start: (ccxt) => ccxt.createOrder(symbol, order.orderType, order.side, quantity, price, params),
        read: (json) => this.#checkIdentity(parseRegularOrder(json), order),
      };
    });
  }
  /** STOP_MARKET on the mark that closes whatever the position is: it can only reduce. */
  async submitStop(order: Approved<StopInstruction>): Promise<SubmitOutcome> {
    return this.#place(null, true, () => {
      const triggerPrice = writeTrigger(order.triggerE8, order.side, this.#tables.requireSteps(order.symbol));
      const symbol = this.#tables.unifiedSymbol(order.symbol);
      const params = {
        clientAlgoId: order.clientOrderId,
        triggerPrice,
        closePosition: true,
        workingType: 'MARK_PRICE',
      };
      return {
        expected: {
          algoType: 'CONDITIONAL',
          symbol: order.symbol,
          side: order.side.toUpperCase(),
          type: 'STOP_MARKET',
          triggerPrice,
          closePosition: 'true',
          workingType: 'MARK_PRICE',
          clientAlgoId: order.clientOrderId,
          newOrderRespType: 'RESULT',
        },
        start: (ccxt) => ccxt.createOrder(symbol, 'market', order.side, undefined, undefined, params),
        read: (json) => this.#checkIdentity(parseAlgoOrder(json), order),
      };
    });
  }
  /** Amends the resting limit order with this client id in place; `quantityE8` is the new total. */
  async amend(order: Approved<OrderInstruction>, deadlineMs: number): Promise<SubmitOutcome> {
    return this.#place(deadlineMs, false, () => {
      if (order.orderType !== 'limit' || order.priceE8 === null) throw new RangeError('only limit orders are amended');
      const steps = this.#tables.requireSteps(order.symbol);
      const quantity = writeQuantity(order.quantityE8, steps);
      const price = writePrice(order.priceE8, order.side, steps);
      const symbol = this.#tables.unifiedSymbol(order.symbol);
      const params = { origClientOrderId: order.clientOrderId };
      return {
        expected: {
          symbol: order.symbol,
          side: order.side.toUpperCase(),
          quantity,
          price,
          origClientOrderId: order.clientOrderId,
        },
        start: (ccxt) => ccxt.editOrder(undefined, symbol, 'limit', order.side, quantity, price, params),
        read: (json) => this.#checkIdentity(parseRegularOrder(json), order),
      };
    });
  }
  async setLeverage(symbol: string, leverage: number): Promise<SubmitOutcome> {
    return this.#place(null, false, () => {
      if (!Number.isInteger(leverage) || leverage < 1 || leverage > 125) throw new RangeError('leverage is not 1..125');
      const unified = this.#tables.unifiedSymbol(symbol);
      return {
        expected: { symbol, leverage: String(leverage) },
        start: (ccxt) => ccxt.setLeverage(leverage, unified),
        read: () => null,
      };
    });
  }
  async cancel(symbol: string, clientOrderId: string, kind: OrderKind): Promise<CancelOutcome> {
    const unified = this.#findUnified(symbol);
    if (unified === null) return this.#asCancel(rejectLocally('RULES_NOT_LOADED', 'off_grid'));
    const isAlgo = kind === 'algo';
    const expected: Wire = isAlgo
      ? { symbol, clientAlgoId: clientOrderId }
      : { symbol, origClientOrderId: clientOrderId };
    const params = isAlgo ? { clientAlgoId: clientOrderId, trigger: true } : { origClientOrderId: clientOrderId };
    const end = await this.#link.end(this.#client, this.#link.call({ expected }), (ccxt) =>
      ccxt.cancelOrder(undefined, unified, params),
    );
    // The algo service acknowledges without the order; the regular one answers with it.
    return this.#asCancel(this.#judge(end, (json) => (isAlgo ? null : checkCanceled(json, clientOrderId))));
  }
  /** Both services, one after the other: the second is asked also when the first failed. */
  async cancelAll(symbol: string): Promise<FetchOutcome<null>> {
    return this.#link.outcome(async () => {
      const unified = this.#tables.unifiedSymbol(symbol);
      const ends = [
        await this.#link.end(this.#client, this.#link.call({ expected: { symbol } }), (ccxt) =>
          ccxt.cancelAllOrders(unified),
        ),
        await this.#link.end(this.#client, this.#link.call({ expected: { symbol } }), (ccxt) =>
          ccxt.cancelAllOrders(unified, { trigger: true }),
        ),
      ];
      for (const end of ends) {
        if (this.#judge(end, () => null).kind !== 'accepted') throw this.#link.failRead(end.facts);
      }
      return null;
    });
  }

  async setCountdown(symbol: string, countdownMs: number): Promise<FetchOutcome<null>> {
    return this.#link.outcome(async () => {
      const expected = { symbol, countdownTime: String(countdownMs) };
      const json = await this.#link.read(this.#client, this.#link.call({ expected }), (ccxt) =>
        ccxt.fapiPrivatePostCountdownCancelAll(expected),
      );
      const answer = requireObject(json, 'countdown');
      if (readText(answer, 'symbol') !== symbol || Number(answer.countdownTime) !== countdownMs)
        throw new MalformedAnswerError('the answer is about another countdown');
      return null;
    });
  }

  async #place(
    deadlineMs: number | null,
    closes: boolean,
    build: () => {
      readonly expected: Wire;
      readonly start: (ccxt: CcxtBinance) => Promise<unknown>;
      readonly read: (json: unknown) => VenueOrder | null;
    },
  ): Promise<SubmitOutcome> {
    if (deadlineMs !== null && !(deadlineMs > 0 && deadlineMs <= MAX_DEADLINE_MS)) {
      return deadlineMs <= 0
        ? rejectLocally('SEND_DEADLINE', 'late')
        : rejectLocally('DEADLINE_NOT_A_SPAN', 'withheld');
    }
    let plan: ReturnType<typeof build>;
    try {
      plan = build();
    } catch (error) {
      // Not on the grid, no rules, a contradiction: it was never built, so nothing was sent.
      if (error instanceof MalformedAnswerError || error instanceof RangeError) {
        return rejectLocally(this.#link.redact(error.message), 'rules_differ');
      }
      throw error;
    }
    const call: VenueCall = this.#link.call({
      expected: plan.expected,
      closes,
      ...(deadlineMs === null ? {} : { sendWithinMs: deadlineMs }),
    });
    return this.#judge(await this.#link.end(this.#client, call, plan.start), plan.read);
  }
  #judge(end: CallEnd, read: (json: unknown) => VenueOrder | null): SubmitOutcome {
    const judged = classifySubmit(end.facts);
    if (judged.kind !== 'accepted') return judged;
    if (end.facts.code !== null) return { kind: 'accepted', order: null };
    const { json } = end;
    if (typeof json !== 'object' || json === null) return { kind: 'unknown', detail: 'success without a JSON body' };
    try {
      return { kind: 'accepted', order: read(json) };
    } catch (error) {
      // RISK: the exchange said yes to something that we cannot read. It is not a rejection; a query will tell.
      if (error instanceof MalformedAnswerError) return { kind: 'unknown', detail: this.#link.redact(error.message) };
      throw error;
    }
  }
  #checkIdentity(answer: VenueOrder, asked: { clientOrderId: string; symbol: string; side: string }): VenueOrder {
    const isSame =
      answer.clientOrderId === asked.clientOrderId && answer.symbol === asked.symbol && answer.side === asked.side;
    if (!isSame) throw new MalformedAnswerError('the answer is about another order');
    return answer;
  }
  #findUnified(symbol: string): string | null {
    try {
      return this.#tables.unifiedSymbol(symbol);
    } catch (error) {
      if (error instanceof MalformedAnswerError) return null;
      throw error;
    }
  }
  #asCancel(outcome: SubmitOutcome): CancelOutcome {
    return outcome.kind === 'accepted' ? { kind: 'canceled', order: outcome.order } : outcome;
  }
}
