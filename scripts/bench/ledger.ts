import { createHash } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { createAuditor } from '../../daemon/engine/audit/verify.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { readEpochs } from '../../daemon/ledger/verify/epochs.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { load } from './load.ts';
import { ORDER_BODY } from './world.ts';

/** Where the ledger of a paper home lies. */
export function ledgerOf(home: string): string {
  return join(home, 'paper', 'ledger.db');
}

/** Calls of each kind, one after the other, and what the ledger grows by. */
const CALLS = 40;
const INTERCEPTS_SECONDS = 3;

export interface LedgerFigures {
  /** All records that one call causes: bytes of their payloads, and of the database's pages. */
  readonly bytes: {
    readonly [kind: string]: { readonly payloads: number; readonly file: number; readonly records: number };
  };
  readonly audit_verify: VerifyFigures;
}
export interface PlainVerifyFigures {
  readonly records: number;
  readonly records_per_s: number;
  readonly cpu_us_per_record: number;
}
export interface VerifyFigures extends PlainVerifyFigures {
  readonly deep_records_per_s: number;
}

interface Size {
  readonly payloads: number;
  readonly file: number;
  readonly records: number;
}
/** Pages that are in use, also those that the write-ahead log holds yet. */
function sizeOf(path: string): Size {
  const db = new Database(path, { readonly: true });
  try {
    const pages =
      Number(db.pragma('page_count', { simple: true })) - Number(db.pragma('freelist_count', { simple: true }));
    const sums = 'SELECT count(*) AS records, sum(length(CAST(payload AS BLOB))) AS payloads FROM events';
    const { records, payloads } = db.prepare<[], { records: number; payloads: number }>(sums).get() ?? {
      records: 0,
      payloads: 0,
    };
    return { records, payloads, file: pages * Number(db.pragma('page_size', { simple: true })) };
  } finally {
    db.close();
  }
}

/** What the ledger of a daemon grows by for each kind of call, and how fast it is verified afterwards. */
export async function measureLedger(daemon: {
  readonly url: string;
  readonly token: string;
  readonly home: string;
  readonly stop: () => Promise<void>;
}): Promise<LedgerFigures> {
  const path = ledgerOf(daemon.home);
  const call = async (route: string, body: object, verdict: string): Promise<void> => {
    const answer = await fetch(`${daemon.url}/v1/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${daemon.token}` },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!text.includes(`"decision":"${verdict}"`)) throw new Error(`${route}: not ${verdict}: ${text.slice(0, 2_000)}`);
  };
  const doge = { ...ORDER_BODY, symbol: 'DOGEUSDT' };
  const kinds: readonly (readonly [kind: string, ask: () => Promise<void>])[] = [
    ['allow', () => call('tools/place_order', ORDER_BODY, 'ALLOW')],
    ['limit', () => call('tools/place_order', { ...ORDER_BODY, requested_notional: 5_000 }, 'LIMIT')],
    ['block', () => call('tools/place_order', doge, 'BLOCK')],
    ['intercept_allow', () => call('intercept', { tool: 'place_order', args: ORDER_BODY }, 'ALLOW')],
    ['intercept_block', () => call('intercept', { tool: 'place_order', args: doge }, 'BLOCK')],
  ];
  const bytes: Record<string, Size> = {};
  for (const [kind, ask] of kinds) {
    await ask();
    const before = sizeOf(path);
    for (let i = 0; i < CALLS; i += 1) await ask();
    const after = sizeOf(path);
    bytes[kind] = {
      payloads: Math.round((after.payloads - before.payloads) / CALLS),
      file: Math.round((after.file - before.file) / CALLS),
      records: Math.round((10 * (after.records - before.records)) / CALLS) / 10,
    };
  }
  const body = JSON.stringify({ tool: 'place_order', args: ORDER_BODY });
  await load({ url: `${daemon.url}/v1/intercept`, token: daemon.token, body }, 8, INTERCEPTS_SECONDS);
  await daemon.stop();
  return { bytes, audit_verify: measureVerify(path) };
}

/** @throws Error when the ledger is not intact */
function measureVerify(path: string): VerifyFigures {
  const plain = measurePlainVerify(path);
  const deepCpuUs = verifyOnce(path, true).cpuUs;
  return { ...plain, deep_records_per_s: Math.round(1_000_000 / (deepCpuUs / plain.records)) };
}
/** @throws Error when the chain is broken, or a decision does not follow from its record */
export function measurePlainVerify(path: string): PlainVerifyFigures {
  const { cpuUs, records, wallMs } = verifyOnce(path, false);
  return {
    records,
    records_per_s: Math.round((1_000 * records) / wallMs),
    cpu_us_per_record: Math.round((10 * cpuUs) / records) / 10,
  };
}
function verifyOnce(
  path: string,
  isDeep: boolean,
): { readonly records: number; readonly wallMs: number; readonly cpuUs: number } {
  const reader = openLedgerReader(path);
  try {
    const auditor = createAuditor({
      genesisId: reader.genesis.genesis_id,
      epochs: readEpochs(reader),
      readPolicy: (hash) => reader.readPolicy(hash),
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
    });
    const startedAt = performance.now();
    const before = process.cpuUsage();
    const result = verifyLedger(reader, {
      rederive: auditor.rederive,
      ...(isDeep ? { fold: auditor.fold } : {}),
    });
    const { user, system } = process.cpuUsage(before);
    if (!result.ok) throw new Error(`record ${result.seq}: ${result.problem}: ${result.detail}`);
    return { records: result.events, wallMs: performance.now() - startedAt, cpuUs: user + system };
  } finally {
    reader.close();
  }
}
