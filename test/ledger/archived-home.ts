import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { archiveLedger } from '../../daemon/boot/keep/archive-ledger.ts';
import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import { GENESIS_KIND } from '../../daemon/ledger/chain/genesis.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { SqliteReader } from '../../daemon/ledger/reader.ts';
import type { LedgerEvent } from '../../daemon/ledger/types.ts';
import { generatePlan } from '../../scripts/explore/generate.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';
import type { Cleanups } from '../temp-folder.ts';
import { ledgerOptions, makeFolder } from './temp-ledger.ts';

/** Records of one segment in tests: two frames and a bit. */
export const SEGMENT = 1_100;
/** Whole segments of a filled home, and records behind them. */
export const SEGMENTS = 3;
const REST = 50;

/** The database of a world that was played, with alerts behind it. */
export async function playWorld(): Promise<Buffer> {
  const plan = generatePlan(13);
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    const { ledger } = world;
    if (!(ledger instanceof SqliteReader)) throw new TypeError('a ledger without a database');
    return ledger.db.serialize();
  } finally {
    world.close();
  }
}

export interface Home {
  readonly path: string;
  readonly archives: string;
  readonly checkpoints: string;
  /** All records, as they were before anything was archived. */
  readonly events: readonly LedgerEvent[];
}

const alertAt = (atMs: number, n: number): LedgerRecord => ({
  kind: 'alert',
  at_ms: atMs,
  payload: { code: 'TEST', detail: `é ${n} \ud83d\ude00`, symbol: null },
});

/** The world's ledger on disk, with {@link SEGMENTS} whole segments of old records. */
export function makeHome(t: Cleanups, database: Buffer): Home {
  const options = ledgerOptions(makeFolder(t));
  const { path } = options;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, database, { mode: 0o600 });
  const ledger = openLedger(options);
  const lastMs = ledger.readEvent(ledger.lastSeq())?.at_ms ?? 0;
  const missing = SEGMENTS * SEGMENT + REST - ledger.lastSeq();
  if (missing < REST) throw new Error(`the world has more than ${SEGMENTS * SEGMENT} records`);
  ledger.appendSync(Array.from({ length: missing }, (_, n) => alertAt(lastMs + n, n)));
  const events = [...ledger.iterateEvents()];
  if (events[0]?.kind !== GENESIS_KIND) throw new Error('no genesis');
  ledger.close();
  const folder = dirname(path);
  return { path, archives: join(folder, 'archives'), checkpoints: join(folder, 'checkpoints'), events };
}

export type ArchiveMore = Partial<Parameters<typeof archiveLedger>[0]>;

/** Archives all whole segments but the newest. */
export function archiveHome({ events, path }: Home, more: ArchiveMore = {}) {
  const cutoffMs = (events[(SEGMENTS - 1) * SEGMENT - 1]?.at_ms ?? 0) + 1;
  return archiveLedger({ path, cutoffMs: () => cutoffMs, headFile: null, segmentRecords: SEGMENT, ...more });
}
