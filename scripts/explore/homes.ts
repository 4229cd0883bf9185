import { recordRecovery } from '../../daemon/boot/recovery.ts';
import { StartError } from '../../daemon/boot/start-error.ts';
import { checkTradingCall } from '../../daemon/contract/tools.ts';
import type { VenueName } from '../../daemon/core/venues.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import { LedgerRefusedError } from '../../daemon/engine/keeper/ledger-refusal.ts';
import { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';
import { LedgerError } from '../../daemon/ledger/errors.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { type NotedHead, readHead, refuseBehind } from '../../daemon/ledger/proofs/head-file.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import type { HomeRecords, RestoreRecord } from './records.ts';

/** The head is noted at most so often, as the daemon does it. */
const NOTED_EVERY_MS = 1_000;
const HEAD_FILE = 'world.head';

interface Copy {
  readonly bytes: Buffer;
  readonly atMs: number;
  readonly head: NotedHead | null;
}

/** The code of a start that was refused for its home; null: it failed otherwise. */
export function refusalCode(error: unknown): string | null {
  if (error instanceof LedgerRefusedError) return error.code;
  return error instanceof LedgerError && error.code === 'LEDGER_HEAD' ? error.code : null;
}

/** What lies outside of the daemon's process: the head that is noted beside its home, and a copy of its ledger. */
export class Home {
  readonly #records: HomeRecords;
  readonly #nowMs: () => number;
  readonly #venue: VenueName;
  #head: NotedHead | null = null;
  #copy: Copy | null = null;
  #copies = 0;

  constructor(records: HomeRecords, nowMs: () => number, venue: VenueName) {
    this.#records = records;
    this.#nowMs = nowMs;
    this.#venue = venue;
  }

  /** As a start does it. @throws LedgerError LEDGER_HEAD */
  follow(ledger: Ledger, isNew: boolean, time: TimePort, isDead: () => boolean): void {
    refuseBehind(this.#head, HEAD_FILE, ledger, { isNew, mayReplace: true });
    this.#head = readHead(ledger);
    let isWaiting = false;
    ledger.onCommitted(() => {
      if (isWaiting) return;
      isWaiting = true;
      time.after(NOTED_EVERY_MS, () => {
        isWaiting = false;
        if (!isDead()) this.#head = readHead(ledger);
      });
    });
  }

  noteHead(ledger: Ledger): void {
    this.#head = readHead(ledger);
  }

  /** `ledger`: of a daemon that runs; its operator makes a token, and revokes it once it is in the copy. */
  keepCopy(storage: MemoryStorage, ledger: Ledger | null, time: TimePort): void {
    const tokens = storage.isTroubled || ledger === null || ledger.isFailed ? null : ledger.tokens;
    const name = `copied-${this.#copies}`;
    this.#copies += 1;
    const made = tokens?.createToken({ role: 'agent', name, agent: name }) ?? null;
    if (made !== null) ledger?.flush();
    const bytes = storage.copy();
    // What is noted may lag behind what the copy contains.
    const head = ledger === null ? this.#headOf(bytes, time) : readHead(ledger);
    this.#copy = { bytes, atMs: this.#nowMs(), head };
    if (made === null) return;
    tokens?.revokeToken(made.record.id);
    this.#records.revoked.push({ secret: made.secret, atMs: this.#nowMs() });
  }

  /** The bytes of the copy that is put back; null: there is none. */
  putBack(withHead: boolean): Buffer | null {
    const copy = this.#copy;
    if (copy === null) return null;
    const wasNoted = !withHead && (this.#head?.seq ?? 0) > (copy.head?.seq ?? 0);
    const record: RestoreRecord = { copiedAtMs: copy.atMs, atMs: this.#nowMs(), withHead, wasNoted };
    this.#records.restores.push(record);
    if (withHead) this.#head = copy.head;
    return copy.bytes;
  }

  /** `./holdfast recover`. @throws StartError, LedgerError */
  recover(storage: MemoryStorage, time: TimePort, options: { readonly atVenueMs: number; readonly takeOver: boolean }) {
    this.command(storage, time, (ledger) => {
      recordRecovery(ledger, { ...options, setBy: 'operator' });
      this.#records.recoveries.push({ atMs: this.#nowMs(), takeOver: options.takeOver });
    });
  }

  #headOf(bytes: Buffer, time: TimePort): NotedHead | null {
    const storage = new MemoryStorage(bytes);
    try {
      const ledger = openOffline(storage, time, this.#venue);
      const head = readHead(ledger);
      ledger.close();
      return head;
    } catch (error) {
      // A disk that was troubled as the copy was made: nobody can start on it either.
      if (error instanceof LedgerError) return this.#head;
      throw error;
    } finally {
      storage.close();
    }
  }

  /** What a verb does with the ledger while no daemon runs. @throws LedgerError */
  command(storage: MemoryStorage, time: TimePort, work: (ledger: Ledger) => void): void {
    const ledger = openOffline(storage, time, this.#venue);
    try {
      work(ledger);
      ledger.flush();
      this.noteHead(ledger);
    } finally {
      ledger.close();
    }
  }

  /** Whether it was no more than a disk that could not be written. */
  static mayTryAgain(error: unknown): boolean {
    return error instanceof LedgerError || error instanceof StartError;
  }
}

function openOffline(storage: MemoryStorage, time: TimePort, venue: VenueName): Ledger {
  const now = (): number => time.hostMs();
  return openLedger({ path: 'world.db', venue, account: 'main', now, time, storage });
}

/** An opening order that is asked of a daemon with a home of its own; `isVolley`: one of several at once. */
export async function openBeside(gate: Gate | null, index: number, isVolley: boolean): Promise<void> {
  const checked = checkTradingCall('place_order', {
    symbol: index % 3 === 2 && !isVolley ? 'ETHUSDT' : 'BTCUSDT',
    intent: 'open',
    side: 'buy',
    // Another lot each: the same once more would be a repetition.
    requested_notional: isVolley ? 250 + 61 * index : 300,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 20,
    strategy_id: 'beside',
    request_id: `beside-${index}`,
  });
  if (gate === null || !checked.ok) return;
  await gate.runTool({ role: 'agent', agent: 'alpha', tokenId: 'beside', skillSha256: null }, checked.call);
}
