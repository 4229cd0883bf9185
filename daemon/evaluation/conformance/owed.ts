import { type BookEvent, type BookHistory, framesBetween, type RestingOrder } from './history.ts';
import type { BookOrder } from './under-test/books.ts';
import { type Ask, type Attribution, isRefused, type JudgeInput } from './verdicts.ts';

/** Whose an account's one position is, as far as the exchange's fills tell. Signed quantities of the base asset. */
export interface SharesOfSymbol {
  /** What is certainly an agent's own: whom a fill against the position took from is not known, so it took from all. */
  readonly certain: ReadonlyMap<string, number>;
  /** Notional of exits beyond all that an agent can have owned, USDT: it closed what others had opened. */
  readonly exitedBeyondUsdt: number;
}

/** Folds the fills of one symbol up to an instant. An agent's exit takes from its own share first. */
export function foldShares(
  history: BookHistory,
  attribution: Attribution,
  symbol: string,
  atMs: number,
): SharesOfSymbol {
  const certain = new Map<string, number>();
  const most = new Map<string, number>();
  let exitedBeyondUsdt = 0;
  for (const { order, fill } of history.newFills()) {
    if (order.symbol !== symbol || fill.atMs > atMs) continue;
    const owner = attribution.askOf(order)?.agent ?? UNKNOWN;
    const signed = order.sign * fill.quantity;
    const [own, maxOwn] = [certain.get(owner) ?? 0, most.get(owner) ?? 0];
    if (fill.before * order.sign >= 0) {
      certain.set(owner, own + signed);
      most.set(owner, maxOwn + signed);
      continue;
    }
    const beyond = Math.max(0, fill.quantity - Math.abs(maxOwn));
    if (order.isExit && owner !== UNKNOWN) exitedBeyondUsdt += beyond * fill.price;
    most.set(owner, shrink(maxOwn, fill.quantity));
    const rest = Math.max(0, fill.quantity - Math.abs(own));
    for (const [name, share] of certain) certain.set(name, shrink(share, name === owner ? fill.quantity : rest));
    if (fill.before * fill.after > 0) continue;
    certain.clear();
    most.clear();
    if (fill.after !== 0) certain.set(owner, fill.after);
    if (fill.after !== 0) most.set(owner, fill.after);
  }
  return { certain, exitedBeyondUsdt };
}
/** Orders that no answer named: an operator's, or the gate's own. */
const UNKNOWN = '';

function shrink(share: number, by: number): number {
  return Math.sign(share) * Math.max(0, Math.abs(share) - by);
}

export interface ExitTally {
  /** Exits that the books say were owed: an own position, not of this instant, that nothing else was closing. */
  readonly owed: number;
  readonly refused: readonly Ask[];
  /** Notional that agents exited beyond all that they can have owned, USDT. */
  readonly beyondShareUsdt: number;
}
/** A position is owed an exit once it has stood this many times the way to the exchange: a resting order's fill has to
 * be read. */
const EXIT_OWED_SLACKS = 2;

/** Which exits and cancels an executor owes its agents, by the books: these are never refused (SAE section 9). */
export class OwedJudge {
  readonly #input: JudgeInput;
  readonly #attribution: Attribution;
  readonly #events: readonly BookEvent[];

  constructor(input: JudgeInput, attribution: Attribution) {
    this.#input = input;
    this.#attribution = attribution;
    this.#events = input.history.events();
  }

  /** Of every client, attackers included: exits are owed to all. */
  judgeExits(asks: readonly Ask[]): ExitTally {
    const owed = asks.filter(
      (ask) => ask.call.kind === 'tool' && ask.call.tool === 'close_position' && this.isExitOwed(ask),
    );
    const { history } = this.#input;
    const beyondShareUsdt = [...history.last.positions.keys()].reduce(
      (sum, symbol) => sum + foldShares(history, this.#attribution, symbol, history.last.atMs).exitedBeyondUsdt,
      0,
    );
    return { owed: owed.length, refused: owed.filter(isRefused), beyondShareUsdt };
  }

  /**
   * The symbol is kept for another agent, or may have been another's, or nobody's, at some instant of the way of an ask: an
   * order of another rests there, or something is held of which nothing is certainly the caller's.
   */
  mayBeOthers({ agent }: Ask, symbol: string, fromMs: number, untilMs: number): boolean {
    const { history, spec } = this.#input;
    for (const [name, { reserve = [] }] of Object.entries(spec.agents))
      if (name !== agent && reserve.includes(symbol)) return true;
    const isOwn = (atMs: number): boolean =>
      (foldShares(history, this.#attribution, symbol, atMs).certain.get(agent) ?? 0) !== 0;
    const isCertain = isOwn(fromMs) && isOwn(untilMs);
    return framesBetween(history, this.#events, fromMs, untilMs).some(({ positions, resting }) => {
      if (!isCertain && (positions.get(symbol) ?? 0) !== 0) return true;
      const isOthers = ({ order }: RestingOrder): boolean => this.#attribution.askOf(order)?.agent !== agent;
      return [...resting.values()].some((rest) => rest.order.symbol === symbol && isOthers(rest));
    });
  }

  isExitOwed(ask: Ask): boolean {
    if (ask.call.kind !== 'tool' || ask.answer.status === 409) return false;
    const { halts, slackMs, history, lotOf } = this.#input;
    const symbol = String(ask.call.args.symbol);
    const from = ask.sentMs - EXIT_OWED_SLACKS * slackMs;
    if (halts.some((halt) => halt.fromMs <= ask.answeredMs && halt.toMs + slackMs >= ask.sentMs)) return false;
    const own = new Set(ask.answer.orderIds);
    // An exit of another agent is about that agent's share.
    const mayBeOwn = (order: BookOrder): boolean =>
      [undefined, ask.agent].includes(this.#attribution.askOf(order)?.agent);
    const isClosing = history
      .newOrders()
      .some(
        (order) =>
          order.symbol === symbol &&
          order.isExit &&
          !own.has(order.clientOrderId) &&
          mayBeOwn(order) &&
          order.createdMs >= from &&
          order.createdMs <= ask.answeredMs + slackMs,
      );
    if (isClosing) return false;
    const shareAt = (atMs: number): number =>
      foldShares(history, this.#attribution, symbol, atMs).certain.get(ask.agent) ?? 0;
    // An executor that took the exit may have closed the position before it answered.
    const untilMs = isRefused(ask) ? ask.answeredMs : ask.sentMs - 1;
    // Smaller than a lot is the dust of adding decimals.
    const least = lotOf(symbol) / 2;
    return framesBetween(history, this.#events, from, untilMs).every((frame) => {
      const sign = Math.sign(frame.positions.get(symbol) ?? 0);
      return sign * shareAt(from) > least && sign * shareAt(untilMs) > least;
    });
  }
  isCancelOwed(ask: Ask, clientOrderId: string): boolean {
    const order = this.#input.history.newOrders().find((known) => known.clientOrderId === clientOrderId);
    if (order === undefined || this.#attribution.askOf(order)?.agent !== ask.agent) return false;
    const untilMs = isRefused(ask) ? ask.answeredMs : ask.sentMs - 1;
    const isEnded = this.#events.some(
      (event) =>
        event.kind === 'ended' &&
        event.order.orderId === order.orderId &&
        event.atMs <= untilMs + EXIT_OWED_SLACKS * this.#input.slackMs,
    );
    return order.createdMs < ask.sentMs && !(isEnded && isRefused(ask));
  }
}
