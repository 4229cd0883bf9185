import type { Regime } from '../../../daemon/core/policy.ts';
import type {
  AccountFacts,
  AmendFacts,
  AskFacts,
  FillFacts,
  FillVerdict,
  OrderFacts,
  RequestVerdict,
  ScopeJudge,
} from '../../../daemon/evaluation/facts/judging.ts';
import type { ReplayInstrument } from '../../../daemon/evaluation/facts/markets.ts';
import type { SeenFill } from './scene.ts';

interface SeenOrder {
  readonly symbol: string;
  readonly sign: number;
  readonly lotSize: number;
  readonly mark: number;
}

/**
 * Hands every fact on to the judge and writes down what it said of each fill. Symbols outside the judge's market are
 * kept from it as markets (it has no bars of them); their orders and fills are not.
 */
export class Witness implements ScopeJudge {
  readonly fills: SeenFill[] = [];
  readonly #judge: ScopeJudge;
  readonly #judged: ReadonlySet<string>;
  readonly #instruments: ReadonlyMap<string, ReplayInstrument>;
  readonly #orders = new Map<string, SeenOrder>();

  constructor(judge: ScopeJudge, judged: ReadonlySet<string>, instruments: readonly ReplayInstrument[]) {
    this.#judge = judge;
    this.#judged = judged;
    this.#instruments = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
  }

  bar(symbol: string, openMs: number, close: number, volume: number): void {
    if (this.#judged.has(symbol)) this.#judge.bar(symbol, openMs, close, volume);
  }
  funding(symbol: string, rate8h: number, atMs: number): void {
    if (this.#judged.has(symbol)) this.#judge.funding(symbol, rate8h, atMs);
  }
  mark(symbol: string, atMs: number, mark: number): void {
    if (this.#judged.has(symbol)) this.#judge.mark(symbol, atMs, mark);
  }
  account(facts: AccountFacts): void {
    this.#judge.account(facts);
  }
  ask(facts: AskFacts): RequestVerdict {
    return this.#judge.ask(facts);
  }

  order(facts: OrderFacts): void {
    this.#note(facts.orderId, facts.symbol, facts.side === 'buy' ? 1 : -1, facts.marks);
    this.#judge.order(facts);
  }
  amend(facts: AmendFacts): void {
    const { symbol, sign } = this.#orders.get(facts.orderId)!;
    this.#note(facts.orderId, symbol, sign, facts.marks);
    this.#judge.amend(facts);
  }
  #note(orderId: string, symbol: string, sign: number, marks: ReadonlyMap<string, number | null>): void {
    const { lotMantissa, lotScale } = this.#instruments.get(symbol)!;
    this.#orders.set(orderId, { symbol, sign, lotSize: lotMantissa / lotScale, mark: marks.get(symbol) ?? 0 });
  }

  fill(facts: FillFacts): FillVerdict {
    const verdict = this.#judge.fill(facts);
    const { sign, lotSize, mark } = this.#orders.get(facts.orderId)!;
    this.fills.push({
      atMs: facts.atMs,
      rules: verdict.rules,
      usdt: facts.lots * lotSize * facts.price,
      openedUsdt: verdict.openedLots * lotSize * facts.price,
      slippageBps: mark > 0 ? (facts.price / mark - 1) * sign * 1e4 : 0,
    });
    return verdict;
  }
  orderEnded(orderId: string, atMs: number): void {
    this.#judge.orderEnded(orderId, atMs);
  }
  liquidated(atMs: number): void {
    this.#judge.liquidated(atMs);
  }
  times(): { readonly overCapMs: number; readonly reduceOnlyMs: number } {
    return this.#judge.times();
  }
  regime(symbol: string): Regime {
    return this.#judge.regime(symbol);
  }
}
