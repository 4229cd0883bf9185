import './prepared-ccxt.ts';
import { hash } from 'node:crypto';
import type { TradingToolName } from '../../daemon/contract/types/trading-calls.ts';
import { catchUp } from '../../daemon/exchange-sim/exchange.ts';
import { toApiError } from '../../daemon/http/errors.ts';
import { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';
import type { TokenStore } from '../../daemon/ledger/types.ts';
import { askGate } from './ask-gate.ts';
import { blankStorage } from './blank-ledger.ts';
import { openBeside } from './homes.ts';
import type { Running } from './life.ts';
import { LivingWorld } from './living-world.ts';
import type { AgentName, Trouble } from './plan.ts';
import type { Asked } from './played-world.ts';
import { nameless } from './records.ts';
import type { WireRecord } from './wire.ts';

/** What an operator takes to look, and a supervisor to start again. */
const RECOVERED_AFTER_MS = 1_000;

/** The production gate, ledger and venue module on an exchange in the same process, in virtual time. */
export class World extends LivingWorld {
  #second: Running | null = null;

  trouble(trouble: Trouble): void {
    switch (trouble.kind) {
      case 'disk_full':
      case 'failing_table':
      case 'read_only':
        if (trouble.kind === 'disk_full') this.storage.fill(trouble.reserve);
        else if (trouble.kind === 'read_only') this.storage.lock();
        else this.storage.spoil(trouble.table);
        this.root.after(trouble.forMs, () => this.#mendStorage());
        return;
      case 'disk_hangs':
        this.diskHangsUntilMs = this.root.monotonicMs() + trouble.forMs;
        return;
      case 'clock':
        this.hostJumpMs += trouble.ms;
        return;
      case 'copy':
        this.home.keepCopy(this.storage, this.gate === null ? null : this.running.ledger, this.root);
        return;
      case 'restored':
        this.#putBack(trouble.downMs, trouble.withHead === true);
        return;
      case 'second_daemon':
        this.#startSecond(trouble);
    }
  }

  #putBack(downMs: number, withHead: boolean): void {
    const bytes = this.home.putBack(withHead);
    if (bytes === null) return;
    this.die(downMs);
    this.storage.close();
    this.storage = new MemoryStorage(bytes);
    // What was done since the copy was taken nobody remembers: orders of then are as those of somebody else.
    this.venue.noteStranger(null);
  }

  protected isOfHome(life: Running): boolean {
    return life !== this.#second;
  }

  /** The operator reads why, sees that no other daemon runs any more, and recovers. */
  protected noteRefused(life: Running, code: string): void {
    this.homes.refusals.push({ atMs: this.time.nowMs, life: life.number, code });
    this.endLife(life);
    if (life === this.#second) return;
    this.endCalls();
    this.root.after(RECOVERED_AFTER_MS, () => this.#recover(code));
  }

  #recover(code: string): void {
    if (this.isClosed || !this.running.isDead) return;
    if (this.#second !== null || this.storage.isTroubled) {
      this.root.after(RECOVERED_AFTER_MS, () => this.#recover(code));
      return;
    }
    catchUp(this.exchange);
    const takeOver = code === 'OTHER_DAEMON' || this.homes.seconds.length > 0;
    this.home.recover(this.storage, this.root, { atVenueMs: this.exchange.world.state.nowMs, takeOver });
    this.venue.noteStranger(null);
    this.reviveAfter(RECOVERED_AFTER_MS);
  }

  #startSecond({ forMs, opens = 0, volleyMs }: Extract<Trouble, { kind: 'second_daemon' }>): void {
    this.#endSecond();
    const second = this.createLife(blankStorage());
    this.#second = second;
    this.homes.seconds.push({ life: second.number, startedAtMs: this.time.nowMs, endedAtMs: null });
    this.boot(second);
    for (let index = 0; index < opens; index += 1)
      second.time.after(volleyMs ?? (forMs * (index + 1)) / (opens + 1), () => {
        openBeside(second.isDead ? null : second.gate, index, volleyMs !== undefined).catch((error: unknown) =>
          this.logged.push(`beside: ${String(error)}`),
        );
      });
    this.root.after(forMs, () => {
      if (this.#second === second) this.#endSecond();
    });
  }

  protected noteServed(record: WireRecord): void {
    this.venue.noteSend(record);
    const symbol = record.params.text('symbol');
    if (record.method === 'POST' && symbol !== undefined && this.homes.isSecond(record.life))
      this.venue.noteStranger(symbol);
  }

  /** There is space again; whoever watches over the daemon starts one that could not record, or has used its reserve. */
  #mendStorage(): void {
    if (this.isClosed || !this.storage.isTroubled) return;
    this.storage.mend();
    const { isDead, ledger } = this.running;
    if (isDead || ledger === null || !(ledger.isFailed || ledger.stats.reserve_used)) return;
    this.die(500);
  }

  #endSecond(): void {
    if (this.#second === null) return;
    this.endLife(this.#second);
    this.#second.storage.close();
    const record = this.homes.seconds.at(-1);
    if (record !== undefined) record.endedAtMs = this.time.nowMs;
    this.#second = null;
  }

  override quieten(): void {
    super.quieten();
    this.crash = null;
    this.receivers?.mend();
    this.#endSecond();
    this.#mendStorage();
  }

  protected ask(
    agent: AgentName,
    tool: TradingToolName,
    args: Readonly<Record<string, unknown>>,
  ): Promise<Asked> | Asked {
    const { entrance, gate } = this.running;
    const call = { agent, tool, args, caller: nameless(agent) };
    if (entrance !== null) {
      const { secret } = this.tokens.usedBy(agent) ?? {};
      // An agent calls over a connection of its own.
      try {
        call.caller = entrance.authenticate(secret === undefined ? undefined : `Bearer ${secret}`, this.tokens);
      } catch (error) {
        return {
          outcome: toApiError(error).code === 'UNAUTHENTICATED' ? 'unauthenticated' : 'failed',
          detail: String(error),
        };
      }
    }
    return askGate(gate, call, () => this.storage.isTroubled);
  }

  forgetTokens(): void {
    this.running.entrance?.forget();
  }

  commandTokens(work: (store: TokenStore) => void): void {
    const { isDead, ledger } = this.running;
    if (this.storage.isTroubled) return;
    if (!isDead) {
      if (ledger !== null && !ledger.isFailed) work(ledger.tokens);
      return;
    }
    this.home.command(this.storage, this.root, (opened) => work(opened.tokens));
  }

  protected keepPolicy(): void {
    // The file is what the world says of it.
  }

  /** Hash of everything recorded and of the books: the same for the same plan, wherever and however often it runs. */
  digest(): string {
    const { ledger } = this;
    const last = ledger.readEvent(ledger.lastSeq());
    return hash('sha256', `${last?.seq ?? 0} ${last?.hash ?? ''} ${JSON.stringify(this.venue.books())}`, 'hex');
  }

  close(): void {
    this.isClosed = true;
    this.#endSecond();
    this.running.isDead = true;
    this.running.time.end();
    this.root.end();
    this.storage.close();
  }
}
