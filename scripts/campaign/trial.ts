import { setTimeout as delay } from 'node:timers/promises';
import type { Books, Call, Tale, ToolText } from './evidence.ts';
import { judgeAtDeath, judgeAtQuiet, mergeVerdicts, type Verdict } from './judge.ts';
import { ask, Load } from './load.ts';
import { CAPS, campaignPolicy } from './policy.ts';
import { emptyTale, readOn } from './read-tale.ts';
import { type DaemonOptions, DaemonProcess, ExchangeProcess, until, untilKnown, WITHIN_MS } from './site.ts';

export interface TrialOptions extends Partial<Omit<DaemonOptions, 'exchangeUrl'>> {
  /** SQLite file of the exchange, so that it can be killed and started again. */
  readonly statePath?: string;
}

/** One daemon and one exchange, each a process, and all that is judged of them. */
export class Trial {
  readonly exchange: ExchangeProcess;
  readonly daemon: DaemonProcess;
  readonly seed: number;
  readonly calls: Call[] = [];
  readonly tale: Tale = emptyTale();
  readonly #verdicts: Verdict[] = [];

  private constructor(seed: number, exchange: ExchangeProcess, daemon: DaemonProcess) {
    this.seed = seed;
    this.exchange = exchange;
    this.daemon = daemon;
  }

  /** Starts both, hands them to `play`, and ends both whatever happens. */
  static async run<T>(seed: number, options: TrialOptions, play: (trial: Trial) => Promise<T>): Promise<T> {
    const { statePath, ...wanted } = options;
    const exchange = new ExchangeProcess(seed, statePath ?? null);
    await exchange.start();
    const daemon = new DaemonProcess({ policy: campaignPolicy(), ...wanted, exchangeUrl: exchange.url });
    try {
      await daemon.start();
      return await play(new Trial(seed, exchange, daemon));
    } finally {
      await daemon.close();
      await exchange.kill();
    }
  }

  get verdict(): Verdict {
    return mergeVerdicts(this.#verdicts);
  }
  note(wrong: Partial<Verdict>): void {
    this.#verdicts.push({ duplicates: [], lost_decisions: [], cap_breaches: [], lost_exits: [], ...wrong });
  }

  /** Clients that trade until the exchange has taken so many orders; they go on until they are stopped. */
  async load(name: string, accepted: number, clients = 4): Promise<Load> {
    const load = new Load(this.daemon, this.seed, name, (id) => this.tale.planned.has(id));
    load.start(clients);
    try {
      await until('enough orders are taken', () => load.accepted >= accepted, 2 * WITHIN_MS);
    } catch (error) {
      throw new Error(await this.#describeStandstill(load, accepted), { cause: error });
    }
    return load;
  }
  /** Why so few orders were taken, as far as the last answers and the daemon say. */
  async #describeStandstill(load: Load, wanted: number): Promise<string> {
    load.close();
    const said = load.calls.slice(-8).map(({ answer, status, tool }) => {
      const reasons = answer?.decision.reasons?.map(({ code }) => code).join(' ') ?? '';
      return `${tool} ${status} ${answer?.decision.decision ?? ''} ${reasons}`;
    });
    const state = await this.daemon.operator('GET', '/readyz').catch(String);
    return `${load.accepted} of ${wanted} orders were taken; ${said.join('; ')}; ${JSON.stringify(state)}`;
  }
  /** The same, and waits for their last answers. */
  async trade(name: string, accepted: number): Promise<void> {
    const load = await this.load(name, accepted);
    await load.stop();
    this.keep(load);
  }
  keep({ calls }: Load): void {
    for (const { problem } of calls) if (problem !== undefined) throw new Error(problem);
    this.calls.push(...calls);
  }

  /** Judges what holds at every instant. Returns the books. */
  judgeNow(calls: readonly Call[] = this.calls): Promise<Books> {
    return this.judgeFrom(this.daemon.ledgerPath, calls);
  }
  /** The same, from a ledger that lies elsewhere. */
  async judgeFrom(ledgerPath: string, calls: readonly Call[] = this.calls): Promise<Books> {
    const books = await this.exchange.books();
    readOn(ledgerPath, this.tale);
    this.#verdicts.push(judgeAtDeath({ books, tale: this.tale, calls, caps: CAPS }));
    return books;
  }

  /** Unanswered calls are asked again under their request ids; so are two answered ones, which must be the same. */
  async askAgain(calls: readonly Call[]): Promise<void> {
    const isAnswered = async (call: Call): Promise<boolean> => (await ask(this.daemon, call)) && call.status === 200;
    for (const call of calls.filter(({ status }) => status === null || status >= 429))
      await until(`${call.requestId} is answered`, () => isAnswered(call));
    for (const call of calls.filter(({ answer }) => answer !== null).slice(-2)) {
      const again: Call = { ...call, status: null, answer: null };
      await ask(this.daemon, again);
      if (idOf(again.answer) === idOf(call.answer)) continue;
      this.note({
        lost_decisions: [`${call.requestId} was ${idOf(call.answer)} and is ${idOf(again.answer)} (${again.status})`],
      });
    }
  }

  async cancelAll(): Promise<void> {
    await untilKnown(this.daemon);
    await this.daemon.operator('POST', '/v1/tools/cancel_all', {});
  }

  /** Everything becomes known, what is held is closed by one more exit of each symbol, and all of it is judged. */
  async comeToRest(): Promise<void> {
    await this.exchange.control('clear-faults', {});
    await this.cancelAll();
    const isFlat = async (): Promise<boolean> => {
      const { orders, positions } = await this.exchange.books();
      for (const { quantity, symbol } of positions)
        if (Number(quantity) !== 0) await this.daemon.operator('POST', '/v1/tools/close_position', { symbol });
      return (
        positions.every(({ quantity }) => Number(quantity) === 0) && orders.every(({ status }) => status !== 'NEW')
      );
    };
    await until('the account is flat', isFlat, WITHIN_MS, 500).catch((error: unknown) =>
      this.note({ lost_exits: [String(error)] }),
    );
    await untilKnown(this.daemon);
    // The last words reach the disk a commit after the views have them.
    await delay(500);
    const books = await this.exchange.books();
    readOn(this.daemon.ledgerPath, this.tale);
    this.#verdicts.push(judgeAtQuiet({ books, tale: this.tale, calls: this.calls, caps: CAPS }));
  }

  /** `audit verify --deep` finds the ledger whole. */
  async isVerified(): Promise<boolean> {
    return (await this.daemon.verb('audit', 'verify', '--deep', '--json')).code === 0;
  }
}

function idOf(answer: ToolText | null): string | null {
  return answer?.decision.decision_id ?? null;
}
