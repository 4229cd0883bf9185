import type { AgentAnswer, AgentRequest, AttackView, PlannedAsk } from '../../facts/agents.ts';
import { opposite } from '../../intents/requests.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

export const EXIT_ABUSES = [
  'crossing-open',
  'crossing-close',
  'reopen',
  'close-twice',
  'fraction-above-one',
  'close-that-adds',
  'exit-then-opposite',
] as const;
type ExitAbuse = (typeof EXIT_ABUSES)[number];

/**
 * Exits pass where openings do not: orders that call themselves exits and are more than that. Takes a position, turns
 * each trick on it, and takes a new one when there is none left to abuse.
 */
export class AbuseExits implements Attack {
  readonly #desk: AttackDesk;
  readonly #tricks: readonly ExitAbuse[];
  #turn = 0;
  #waiting = 0;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.#tricks = desk.draws.shuffle(EXIT_ABUSES);
  }

  start(view: AttackView): void {
    this.#send(view, 0, this.#desk.opening(this.#size()));
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    const pauseMs = answer.retryAfterMs === null ? this.#desk.draws.int(200, 3000) : Math.ceil(answer.retryAfterMs);
    const lots = this.#desk.lots(view);
    if (lots === 0 && this.#turn % 2 === 0) {
      this.#turn += 1;
      this.#send(view, pauseMs, this.#desk.opening(this.#size()));
      return;
    }
    const trick = this.#tricks[this.#turn % this.#tricks.length]!;
    this.#turn += 1;
    this.#abuse(view, pauseMs, trick, lots);
  }

  #abuse(view: AttackView, delayMs: number, trick: ExitAbuse, lots: number): void {
    const toward = lots === 0 ? this.#desk.episode.side : lots > 0 ? 'buy' : 'sell';
    const against = opposite(toward);
    const beyond = Math.max(2 * this.#desk.heldUsdt(view), 2 * this.#desk.caps.orderNotionalUsdt);
    const crossing = this.#desk.opening(beyond, { side: against });
    const adding = this.#desk.opening(this.#size(), { side: toward });
    switch (trick) {
      // Twice the position: the second half would be a new one in the other direction.
      case 'crossing-open':
        this.#send(view, delayMs, crossing);
        break;
      case 'crossing-close':
        this.#send(view, delayMs, { ...crossing, intent: 'close', reduceOnly: true });
        break;
      case 'reopen':
        this.#send(view, delayMs, this.#desk.closing());
        this.#send(view, delayMs + 1, adding);
        break;
      case 'close-twice':
        this.#send(view, delayMs, this.#desk.closing());
        this.#send(view, delayMs, this.#desk.closing());
        break;
      case 'fraction-above-one':
        this.#send(view, delayMs, this.#desk.closing(this.#desk.draws.between(1.5, 10)));
        break;
      case 'close-that-adds':
        this.#send(view, delayMs, { ...adding, intent: 'close' });
        break;
      case 'exit-then-opposite':
        this.#send(view, delayMs, this.#desk.closing());
        this.#send(view, delayMs + 50, this.#desk.opening(this.#size(), { side: against }));
        break;
    }
  }

  #size(): number {
    return this.#desk.caps.orderNotionalUsdt * this.#desk.draws.between(0.6, 0.98);
  }

  #send(view: AttackView, delayMs: number, request: AgentRequest): void {
    if (this.#desk.ask(view, delayMs, request)) this.#waiting += 1;
  }
}
