import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { archiveLedger } from '../../daemon/boot/keep/archive-ledger.ts';
import { checkpointPath } from '../../daemon/boot/keep/checkpoint-file.ts';
import { Checkpointer } from '../../daemon/boot/keep/checkpointer.ts';
import { auditLedger } from '../../daemon/boot/ledger/audit-ledger.ts';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { DECISION_KIND } from '../../daemon/ledger/chain/hash-chain.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { spanOf, writeHistory } from './history.ts';
import { ledgerOf, measurePlainVerify, type PlainVerifyFigures } from './ledger.ts';
import { median } from './load.ts';
import { type Child, end } from './processes.ts';
import { ORDER_BODY } from './world.ts';

const ROUNDS = 5;
/** What is repeated: so many times an order, its exit, and four calls that are only decided. */
const CYCLES = 5;
const INTERCEPTS = 4;
const CHECKPOINT_POLLS = 1_200;
/** From the recording of what is repeated to the begin of the history. */
const LEAD_MS = 300_000;

export interface StartFigures {
  readonly start_ms: number;
  /** Of the whole process: on a machine that does other things as well it says more than time. */
  readonly start_cpu_ms: number;
  readonly rss_mb: number;
}
export interface LongLedgerFigures {
  readonly decisions: number;
  readonly records: number;
  readonly ledger_bytes: number;
  readonly checkpoint_bytes: number;
  readonly empty: StartFigures;
  /** Every record is folded: no checkpoint was written yet. */
  readonly without_checkpoint: StartFigures;
  readonly with_checkpoint: StartFigures;
  readonly start_ratio: number;
  readonly start_cpu_ratio: number;
  readonly rss_ratio: number;
  /** Of the event loop of the process whose child writes a checkpoint, and of the same process while none is written. */
  readonly pause_ms: { readonly p999: number; readonly max: number; readonly took_ms: number };
  readonly idle_pause_ms: { readonly p999: number; readonly max: number };
  readonly audit_verify: PlainVerifyFigures;
  /** The same in as many threads as the machine has. */
  readonly audit_verify_threads: { readonly threads: number; readonly records_per_s: number };
  /** All whole segments. */
  readonly archived: { readonly records: number; readonly bytes: number; readonly bytes_per_decision: number };
}

export interface Bench {
  readonly folder: string;
  /** Starts a daemon on a home, waits until it is ready; how long that took, and what it holds then. */
  readonly startDaemon: (home: string) => Promise<StartFigures & { readonly child: Child }>;
  /** A daemon that takes orders of the bench on a home, with its token. */
  readonly serve: (home: string, exchangeUrl: string) => Promise<{ readonly child: Child; readonly token: string }>;
  readonly note: (text: string) => void;
}

/** Start and memory on a ledger with so many decisions, beside those on an empty one; and what a checkpoint costs. */
export async function measureLongLedger(bench: Bench, decisions: number): Promise<LongLedgerFigures> {
  const { folder, note, startDaemon } = bench;
  const home = join(folder, `home-${decisions}`);
  const path = ledgerOf(home);
  note(`a ledger of ${decisions} decisions …`);
  const afterSeq = await recordModel(bench, home, spanOf(decisions) + LEAD_MS);
  const { records } = writeHistory({ path, afterSeq, decisions });
  const once = async (where: string): Promise<StartFigures> => {
    const { child, ...figures } = await startDaemon(where);
    await end(child);
    return figures;
  };
  note('start without a checkpoint …');
  const { child, ...unaided } = await startDaemon(home);
  await untilCheckpoint(path);
  await end(child);
  note('starts in turn …');
  const empty: StartFigures[] = [];
  const long: StartFigures[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    empty.push(await once(join(folder, `empty-${decisions}-${round}`)));
    long.push(await once(home));
  }
  note('pause of the loop …');
  const pauses = await measurePause(path);
  const [e, l] = [middle(empty), middle(long)];
  note('audit verify …');
  const audit_verify = measurePlainVerify(path);
  const audit_verify_threads = await measureThreads(path);
  note('archives …');
  return {
    decisions,
    records,
    ledger_bytes: statSync(path).size,
    checkpoint_bytes: pauses.checkpointBytes,
    empty: e,
    without_checkpoint: middle([unaided]),
    with_checkpoint: l,
    start_ratio: Math.round((100 * l.start_ms) / e.start_ms) / 100,
    start_cpu_ratio: Math.round((100 * l.start_cpu_ms) / e.start_cpu_ms) / 100,
    rss_ratio: Math.round((100 * l.rss_mb) / e.rss_mb) / 100,
    pause_ms: pauses.writing,
    idle_pause_ms: pauses.idle,
    audit_verify,
    audit_verify_threads,
    archived: await measureArchives(path),
  };
}

/** The daemon has one written as soon as it has recorded something. */
async function untilCheckpoint(path: string): Promise<void> {
  const reader = openLedgerReader(path);
  try {
    for (let left = CHECKPOINT_POLLS; reader.readNewest('checkpoint', 1).length === 0; left -= 1) {
      if (left === 0) throw new Error('no checkpoint was written; are there at least 10,000 records?');
      await delay(500);
    }
  } finally {
    reader.close();
  }
}

function middle(figures: readonly StartFigures[]): StartFigures {
  return {
    start_ms: Math.round(median(figures.map(({ start_ms }) => start_ms))),
    start_cpu_ms: Math.round(median(figures.map(({ start_cpu_ms }) => start_cpu_ms))),
    rss_mb: Math.round(median(figures.map(({ rss_mb }) => rss_mb))),
  };
}

/**
 * What a daemon records of some cycles of calls, at an exchange whose time is so much behind; returns the record before
 * them.
 */
async function recordModel(bench: Bench, home: string, behindMs: number): Promise<number> {
  const time = { ...SYSTEM_TIME, hostMs: () => SYSTEM_TIME.hostMs() - behindMs };
  const exchange = await startExchangeSim({ seed: 3, simToken: 'bench-control', time });
  try {
    return await recordCycles(await bench.serve(home, exchange.url), home);
  } finally {
    await exchange.close();
  }
}

async function recordCycles(
  { child, token }: { readonly child: Child; readonly token: string },
  home: string,
): Promise<number> {
  const call = async (route: string, body: object, verdict: string): Promise<void> => {
    const answer = await fetch(`${child.url}/v1/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!text.includes(verdict)) throw new Error(`${route}: not ${verdict}: ${text.slice(0, 1_000)}`);
  };
  const cycle = async (): Promise<void> => {
    await call('tools/place_order', ORDER_BODY, '"action":"open"');
    for (let i = 0; i < INTERCEPTS; i += 1)
      await call('intercept', { tool: 'place_order', args: ORDER_BODY }, '"action":"open"');
    await call('tools/close_position', { symbol: ORDER_BODY.symbol }, '"state":"filled"');
    // Trades and account are read after it.
    await delay(1_500);
  };
  await cycle();
  const reader = openLedgerReader(ledgerOf(home));
  const afterSeq = reader.lastSeq();
  reader.close();
  for (let i = 0; i < CYCLES; i += 1) await cycle();
  await end(child);
  return afterSeq;
}

async function measureThreads(path: string) {
  const threads = availableParallelism();
  const reader = openLedgerReader(path);
  try {
    const startedAt = performance.now();
    const result = await auditLedger(reader, { anchors: [], threads, isDeep: false });
    if (!result.ok) throw new Error(`record ${result.seq}: ${result.problem}: ${result.detail}`);
    return { threads, records_per_s: Math.round((1_000 * result.events) / (performance.now() - startedAt)) };
  } finally {
    reader.close();
  }
}

/** The last thing that is done to the ledger of a bench. @throws Error when it does not verify afterwards */
async function measureArchives(path: string) {
  const archived = await archiveLedger({ path, cutoffMs: () => Number.MAX_SAFE_INTEGER, headFile: null });
  const last = archived.at(-1);
  const bytes = archived.reduce((sum, event) => sum + event.bytes, 0);
  measurePlainVerify(path);
  if (last === undefined) return { records: 0, bytes, bytes_per_decision: 0 };
  const reader = openLedgerReader(path);
  try {
    let decisions = 0;
    for (const { seq } of reader.iterateEvents({ kind: DECISION_KIND })) if (seq <= last.to_seq) decisions += 1;
    return { records: last.to_seq, bytes, bytes_per_decision: Math.round(bytes / decisions) };
  } finally {
    reader.close();
  }
}

async function measurePause(path: string) {
  const ledger = openLedger({ path, venue: 'paper', account: 'main', now: Date.now, time: SYSTEM_TIME });
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const read = () => ({ p999: round(histogram.percentile(99.9) / 1e6), max: round(histogram.max / 1e6) });
  try {
    const failures: unknown[] = [];
    let checkpointBytes = 0;
    const folder = join(dirname(path), 'checkpoints');
    const checkpoints = new Checkpointer({
      ledger,
      folder,
      fromSeq: 0,
      now: Date.now,
      minAtStop: 1,
      log: {
        info: (reported: unknown) => {
          checkpointBytes = statSync(checkpointPath(folder, (reported as { readonly seq: number }).seq)).size;
        },
        warn: (...reported: unknown[]) => void failures.push(reported),
      },
    });
    histogram.enable();
    const startedAt = performance.now();
    await checkpoints.close();
    const tookMs = Math.round(performance.now() - startedAt);
    const writing = { ...read(), took_ms: tookMs };
    if (failures.length > 0) throw new Error(`no checkpoint was written: ${JSON.stringify(failures)}`);
    histogram.reset();
    await delay(tookMs);
    return { writing, idle: read(), checkpointBytes };
  } finally {
    histogram.disable();
    ledger.close();
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
