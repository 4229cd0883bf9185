import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditLedger } from '../../daemon/boot/ledger/audit-ledger.ts';
import type { HeadEvent } from '../../daemon/engine/records/house-events.ts';
import { buildTreeNow, joinNodes, MerkleRun } from '../../daemon/ledger/chain/merkle.ts';
import { signHead } from '../../daemon/ledger/proofs/head-records.ts';
import { openSigningKey } from '../../daemon/ledger/proofs/signing-key.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { NOW_MS, note } from '../ledger/temp-ledger.ts';
import type { Cleanups } from '../temp-folder.ts';
import { keyPath, openOnDisk, signerOf } from './signed-ledger.ts';

const notes = (count: number) => Array.from({ length: count }, (_, at) => note(`${at}`));

test('a tree from parts that were cut anywhere is the same, and a part keeps a handful of nodes', () => {
  const leaves = Array.from({ length: 300 }, (_, at) => Buffer.from(`leaf ${at}`));
  const part = (from: number, to: number): MerkleRun => {
    const run = new MerkleRun(from);
    for (const leaf of leaves.slice(from, to)) run.append(leaf);
    return run;
  };
  for (const size of [1, 2, 3, 7, 8, 33, 64, 300]) {
    const { root } = buildTreeNow(leaves.slice(0, size));
    for (let cut = 1; cut < size; cut += 1) {
      const second = Math.min(size, cut + 1 + (cut % 11));
      const parts = [part(0, cut), part(cut, second), part(second, size)].filter((run) => run.size > 0);
      for (const { nodes } of parts) assert.ok(nodes.length <= 16, `${size} at ${cut}: ${nodes.length} nodes`);
      const joined = MerkleRun.of(parts.map(({ nodes }) => nodes).reduce(joinNodes));
      assert.deepEqual([joined.root(), joined.size], [root, size], `${size} at ${cut}`);
    }
  }
  assert.throws(() => joinNodes(part(0, 5).nodes, part(6, 9).nodes), /left out/);
});

describe('signed heads over spans', () => {
  /** Heads over 1, 17, 40 and 100 records, and some that none covers. */
  async function signedLedger(t: Cleanups): Promise<Ledger> {
    const ledger = openOnDisk(t);
    const signer = signerOf(t, ledger);
    for (const count of [1, 16, 39, 99]) {
      ledger.appendSync(notes(count));
      await signer.sign();
    }
    ledger.appendSync(notes(30));
    return ledger;
  }
  const SPANS = [1, 2, 7, 16, 57, 1e9];
  const results = async (ledger: Ledger): Promise<unknown[]> => {
    const found: unknown[] = [];
    for (const spanRecords of SPANS)
      for (const threads of spanRecords > 10 ? [0, 2] : [0]) {
        const reader = openLedgerReader(ledger.path);
        found.push(await auditLedger(reader, { anchors: [], spanRecords, threads, isDeep: false }));
        reader.close();
      }
    // As if they had been signed while it was verified.
    found.push({
      ...verifyLedger(ledger, { batchEnds: [] }),
      anchors: [],
      anchored_to_seq: 0,
      checkpoints: { compared: 0, elsewhere: 0 },
      elsewhere: [],
    });
    found.push({
      ...verifyLedger(ledger, { batchEnds: [5, 20] }),
      anchors: [],
      anchored_to_seq: 0,
      checkpoints: { compared: 0, elsewhere: 0 },
      elsewhere: [],
    });
    return found;
  };

  test('are verified the same, wherever the chain is cut', async (t) => {
    const ledger = await signedLedger(t);
    const [first, ...others] = await results(ledger);
    const last = [...ledger.iterateEvents({ kind: 'head' })].at(-1)?.payload as HeadEvent;
    assert.equal(last.number, 4);
    assert.deepEqual((first as { signed?: unknown }).signed, { number: 4, seq: last.seq });
    for (const other of others) assert.deepEqual(other, first);
  });

  test('over other records are found the same', async (t) => {
    const ledger = await signedLedger(t);
    const key = openSigningKey(keyPath(ledger), ledger);
    const last = [...ledger.iterateEvents({ kind: 'head' })].at(-1)?.payload as HeadEvent;
    const { signature: _, ...unsigned } = last;
    const seq = last.seq + 20;
    const forged = signHead(
      {
        ...unsigned,
        at_ms: NOW_MS,
        first_seq: last.seq + 1,
        hash: ledger.readEvent(seq)?.hash ?? '',
        number: 5,
        batch_root: '2'.repeat(64),
        seq,
      },
      key.privateKey,
    );
    ledger.appendSync([{ kind: 'head', at_ms: NOW_MS, payload: forged }]);
    const found = await results(ledger);
    for (const result of found)
      assert.deepEqual(
        result,
        {
          ok: false,
          seq: ledger.lastSeq(),
          problem: 'signature',
          detail: `the records ${last.seq + 1} to ${seq} are not those that it signs`,
          anchors: [],
          anchored_to_seq: 0,
          checkpoints: { compared: 0, elsewhere: 0 },
          elsewhere: [],
        },
        JSON.stringify(result),
      );
  });
});
