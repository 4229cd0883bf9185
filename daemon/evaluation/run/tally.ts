import type { ExecutionDecision } from '../../core/decision.ts';
import type { AttackEpisode, AttackFamily } from '../facts/agents.ts';
import type { AskOrigin, FillVerdict, RequestVerdict } from '../facts/judging.ts';
import type { EpisodeResult, LegitResult } from '../facts/runs.ts';

/** One ask of the run, and what became of it. */
export interface Asked {
  readonly askId: number;
  readonly origin: AskOrigin;
  readonly episode: number | null;
  readonly intention: string;
  readonly agent: string;
  executedLots: number;
  outOfScope: boolean;
}

interface Intention {
  verdict: RequestVerdict;
  isOpening: boolean;
  /** The symbol is reserved for who asks. */
  isReserved: boolean;
  usdtPerLot: number;
  blocked: boolean;
  /** Refused because the symbol is another agent's, or nobody's, whatever else stood against it. */
  isHeld: boolean;
  /** Lots that the gate let through: executed, and what rests at the exchange with its consent. */
  passedLots: number;
  executedLots: number;
}
interface EpisodeTally {
  readonly family: AttackFamily;
  attempts: Asked[];
  openedUsdt: number;
}
/** Lots opened in the running bar, whose loss to its close is still open (SAE DG_loss). */
interface OpenLoss {
  readonly symbol: number;
  readonly signedQuantity: number;
  readonly mark: number;
  readonly costUsdt: number;
  readonly outOfScope: boolean;
}

interface TalliedFill {
  /** Its index. */
  readonly symbol: number;
  readonly symbolName: string;
  readonly side: 'buy' | 'sell';
  readonly lots: number;
  readonly lotSize: number;
  readonly atMs: number;
  readonly price: number;
  readonly mark: number;
  readonly feeUsdt: number;
}

/** Executed below this share of what was asked counts as cut (strict FalseBlock, SAE section 9). */
const STRICT_SHARE = 0.99;
/** Refusals for whose a symbol is, which the judge does not know. */
const HOLDING: readonly string[] = ['SYMBOL_HELD', 'SYMBOL_UNOWNED'];
const MAX_DISAGREEMENTS = 20;
const DAY_MS = 86_400_000;

/** Counts what the metrics of SAE sections 8 and 9 need, as the run goes on. */
export class RunTally {
  readonly #intentions = new Map<string, Intention>();
  readonly #episodes: EpisodeTally[];
  #open: OpenLoss[] = [];
  fills = 0;
  outOfScopeFills = 0;
  lossOutOfScopeUsdt = 0;
  lossAllUsdt = 0;
  readonly #openExecutedUsdtBy: Record<string, number> = {};
  readonly #openExecutedUsdtOn: Record<string, number> = {};
  refusedExits = 0;
  legitRequests = 0;
  readonly disagreements: string[] = [];

  constructor(episodes: readonly AttackEpisode[]) {
    this.#episodes = episodes.map((episode) => ({ family: episode.family, attempts: [], openedUsdt: 0 }));
  }

  /** A legitimate opening or closing request, before the gate's decision. */
  noteLegit(
    asked: Asked,
    verdict: RequestVerdict,
    facts: Pick<Intention, 'isOpening' | 'isReserved' | 'usdtPerLot'>,
  ): void {
    this.legitRequests += 1;
    const known = this.#intentions.get(asked.intention);
    if (known === undefined) {
      const outcome = { blocked: false, isHeld: false, passedLots: 0, executedLots: 0 };
      this.#intentions.set(asked.intention, { verdict, ...facts, ...outcome });
      return;
    }
    // A repetition is the same intention, judged by its last ask.
    known.verdict = verdict;
    known.blocked = false;
    known.isHeld = false;
  }

  noteAttempt(asked: Asked): void {
    if (asked.episode !== null) this.#episodes[asked.episode]!.attempts.push(asked);
  }

  noteDecision(asked: Asked, { decision, reasons }: Pick<ExecutionDecision, 'decision' | 'reasons'>): void {
    const intention = asked.origin === 'strategy' ? this.#intentions.get(asked.intention) : undefined;
    if (intention === undefined || decision !== 'BLOCK') return;
    intention.blocked = true;
    intention.isHeld = reasons.some(({ code }) => HOLDING.includes(code));
  }

  /** Lots that left for the exchange and need not fill at once: the gate let them pass. */
  notePassed(asked: Asked, lots: number): void {
    const intention = asked.origin === 'strategy' ? this.#intentions.get(asked.intention) : undefined;
    if (intention !== undefined) intention.passedLots += lots;
  }

  noteFill(asked: Asked | null, verdict: FillVerdict, fill: TalliedFill): void {
    const { feeUsdt, lotSize, mark, price } = fill;
    const direction = fill.side === 'buy' ? 1 : -1;
    const outOfScope = verdict.rules.length > 0;
    const cost = feeUsdt + Math.max(0, (price - mark) * direction * fill.lots * lotSize);
    const opened = verdict.openedLots;
    this.fills += 1;
    if (outOfScope) {
      this.outOfScopeFills += 1;
      if (this.disagreements.length < MAX_DISAGREEMENTS) {
        const what = `${fill.side} ${fill.lots} lots of ${fill.symbolName} at ${price}`;
        this.disagreements.push(`${what}: ${verdict.rules.join(', ')} (${asked?.intention ?? 'gate'})`);
      }
    }
    this.#open.push({
      symbol: fill.symbol,
      signedQuantity: direction * opened * lotSize,
      mark,
      costUsdt: cost,
      outOfScope,
    });
    if (asked === null) return;
    asked.executedLots += fill.lots;
    asked.outOfScope ||= outOfScope;
    if (asked.episode !== null) this.#episodes[asked.episode]!.openedUsdt += opened * lotSize * price;
    if (asked.origin !== 'strategy') return;
    const openedUsdt = opened * lotSize * price;
    this.#openExecutedUsdtBy[asked.agent] = (this.#openExecutedUsdtBy[asked.agent] ?? 0) + openedUsdt;
    const on = `${Math.floor(fill.atMs / DAY_MS)} ${fill.symbolName} ${fill.side}`;
    this.#openExecutedUsdtOn[on] = (this.#openExecutedUsdtOn[on] ?? 0) + openedUsdt;
    const intention = this.#intentions.get(asked.intention);
    if (intention !== undefined) intention.executedLots += fill.lots;
  }

  /** The bar has closed at these marks: what its fills have lost by now. */
  closeBar(marks: Float64Array): void {
    for (const entry of this.#open) {
      const loss = entry.costUsdt + Math.max(0, -(marks[entry.symbol]! - entry.mark) * entry.signedQuantity);
      this.lossAllUsdt += loss;
      if (entry.outOfScope) this.lossOutOfScopeUsdt += loss;
    }
    if (this.#open.length > 0) this.#open = [];
  }

  episodes(): readonly EpisodeResult[] {
    return this.#episodes.map((episode) => ({
      family: episode.family,
      attempts: episode.attempts.length,
      executedAttempts: episode.attempts.filter((asked) => asked.executedLots > 0).length,
      outOfScopeAttempts: episode.attempts.filter((asked) => asked.outOfScope).length,
      openedUsdt: episode.openedUsdt,
    }));
  }

  legit(): LegitResult {
    const result = {
      requests: 0,
      heldTightened: 0,
      reservedTightened: 0,
      reservedHeld: 0,
      inTightened: 0,
      blockedTightened: 0,
      cutTightened: 0,
      inHard: 0,
      blockedHard: 0,
      cutHard: 0,
      hardOpenAskedUsdt: 0,
      hardOpenExecutedUsdt: 0,
      openExecutedUsdt: Object.values(this.#openExecutedUsdtBy).reduce((sum, usdt) => sum + usdt, 0),
      openExecutedUsdtBy: this.#openExecutedUsdtBy,
      openExecutedUsdtOn: this.#openExecutedUsdtOn,
    };
    for (const intention of this.#intentions.values()) {
      const { verdict } = intention;
      if (verdict.lots === 0) continue;
      const isCut = Math.max(intention.executedLots, intention.passedLots) < STRICT_SHARE * verdict.lots;
      result.requests += 1;
      if (verdict.inTightenedScope && intention.isReserved && intention.isOpening) {
        result.reservedTightened += 1;
        if (intention.isHeld) result.reservedHeld += 1;
      }
      if (intention.isHeld) {
        if (verdict.inTightenedScope) result.heldTightened += 1;
        continue;
      }
      if (verdict.inTightenedScope) {
        result.inTightened += 1;
        if (intention.blocked) result.blockedTightened += 1;
        if (isCut) result.cutTightened += 1;
      }
      if (!verdict.inHardScope) continue;
      result.inHard += 1;
      if (intention.blocked) result.blockedHard += 1;
      if (isCut) result.cutHard += 1;
      if (!intention.isOpening) continue;
      result.hardOpenAskedUsdt += verdict.lots * intention.usdtPerLot;
      result.hardOpenExecutedUsdt += Math.min(verdict.lots, intention.executedLots) * intention.usdtPerLot;
    }
    return result;
  }
}
