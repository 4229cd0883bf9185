import type { GateCore } from '../journal/journal.ts';
import type { AccountFeed } from './account-feed.ts';
import { noteUnread } from './feed-schedule.ts';

/** Symbols whose trades are to be read, because something of them was executed. */
export class TradePolls {
  readonly #core: GateCore;
  readonly #account: AccountFeed;
  readonly #signal: AbortSignal;
  readonly #symbols = new Set<string>();
  #running: Promise<void> | null = null;

  constructor(core: GateCore, account: AccountFeed, signal: AbortSignal) {
    this.#core = core;
    this.#account = account;
    this.#signal = signal;
  }

  add(symbol: string): void {
    this.#symbols.add(symbol);
  }

  start(): void {
    if (this.#running !== null) return;
    this.poll().catch((error: unknown) => {
      if (!this.#signal.aborted) noteUnread(this.#core, 'trades', error);
    });
  }

  /** One poll at a time; resolves when what was asked for by now has been read, or could not be. */
  async poll(): Promise<void> {
    while (this.#running !== null) await this.#running;
    if (this.#symbols.size === 0) return;
    this.#running = this.#read().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  async #read(): Promise<void> {
    const symbols = [...this.#symbols];
    this.#symbols.clear();
    for (const symbol of symbols) if (!(await this.#account.pollTrades(symbol))) this.#symbols.add(symbol);
  }
}
