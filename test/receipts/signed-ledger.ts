import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { HeadSigner } from '../../daemon/ledger/proofs/head-signer.ts';
import { openSigningKey } from '../../daemon/ledger/proofs/signing-key.ts';
import { SqliteReader } from '../../daemon/ledger/reader.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import { generatePlan } from '../../scripts/explore/generate.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';
import { ledgerOptions, makeFolder, NOW_MS } from '../ledger/temp-ledger.ts';
import type { Cleanups } from '../temp-folder.ts';

/** The ledger of a generated world: several agents, staged entries, exits, cancels. */
export async function playLedger(seed: number): Promise<Buffer> {
  const plan = generatePlan(seed);
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    if (!(world.ledger instanceof SqliteReader)) throw new TypeError('a world without a database');
    return world.ledger.db.serialize();
  } finally {
    world.close();
  }
}

/** A ledger on disk with this content; empty without one. */
export function openOnDisk(t: Cleanups, content: Buffer | null = null): Ledger {
  const options = ledgerOptions(makeFolder(t));
  if (content !== null) {
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    writeFileSync(options.path, content, { mode: 0o600 });
  }
  const ledger = openLedger(options);
  t.after(() => ledger.close());
  return ledger;
}

export const keyPath = (ledger: Ledger): string => join(dirname(ledger.path), 'head.key');

export function signerOf(t: Cleanups, ledger: Ledger, time: TimePort = SYSTEM_TIME): HeadSigner {
  const key = openSigningKey(keyPath(ledger), ledger);
  const signer = new HeadSigner({
    ledger,
    key,
    now: () => NOW_MS,
    time,
    onProblem: (error) => {
      throw error;
    },
  });
  t.after(() => void signer.close().catch(() => {}));
  return signer;
}
