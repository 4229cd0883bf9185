import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { exportEvents } from '../../daemon/ledger/chain/export.ts';
import { sha256Hex, ZERO_HASH } from '../../daemon/ledger/chain/hash-chain.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import type { LedgerReader } from '../../daemon/ledger/types.ts';
import { decision, hasCode, NOW_MS, note, openTempLedger, placed } from './temp-ledger.ts';

/** All pages of decisions, newest first, as lists of seqs. */
function readPages(reader: LedgerReader, limit: number, agent?: string): number[][] {
  const pages: number[][] = [];
  let cursor: string | null = null;
  do {
    const page = reader.readDecisions({ limit, ...(agent && { agent }), ...(cursor && { cursor }) });
    pages.push(page.events.map((event) => event.seq));
    cursor = page.next;
  } while (cursor !== null);
  return pages;
}

test('events are read by seq, in ranges and by kind', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendSync(placed(ledger, [note('a'), decision(), note('b'), decision(), note('c')]));
  const seqsOf = (query: Parameters<LedgerReader['readEvents']>[0]) =>
    ledger.readEvents(query).map((event) => event.seq);
  assert.deepEqual(ledger.readEvent(2)?.payload, { text: 'a' });
  assert.equal(ledger.readEvent(7), null);
  assert.deepEqual(seqsOf({ limit: 3 }), [1, 2, 3]);
  assert.deepEqual(seqsOf({ fromSeq: 5, limit: 3 }), [5, 6]);
  assert.deepEqual(seqsOf({ fromSeq: 3, kind: 'note', limit: 5000 }), [4, 6]);
  for (const limit of [0, 5001, 1.5]) assert.throws(() => ledger.readEvents({ limit }), hasCode('LEDGER_ARGUMENT'));
});

test('the head is the last record that is on disk, whatever it says', (t) => {
  const ledger = openTempLedger(t);
  const headOf = (seq: number) => {
    const { at_ms, hash } = ledger.readEvent(seq) ?? assert.fail(`no record ${seq}`);
    return { seq, hash, at_ms };
  };
  assert.deepEqual(ledger.readHead(), headOf(1));
  ledger.appendSync(placed(ledger, [note('a'), decision()]));
  assert.deepEqual(ledger.readHead(), headOf(3));
});

test('all events are walked once, across pages, also while records are appended', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendSync(Array.from({ length: 1100 }, () => note('x')));
  const seqs: number[] = [];
  for (const { seq } of ledger.iterateEvents()) {
    if (seq === 10) ledger.appendSync([note('meanwhile')]);
    seqs.push(seq);
  }
  assert.deepEqual(
    seqs,
    Array.from({ length: 1102 }, (_, i) => i + 1),
  );
  assert.equal([...ledger.iterateEvents({ fromSeq: 1101 })].length, 2);
  assert.equal([...ledger.iterateEvents({ kind: 'genesis' })].length, 1);
});

test('a decision is found by its id, and by the first use of its idempotency key', (t) => {
  const ledger = openTempLedger(t);
  const keyed = { agent: 'a', kind: 'tool', request_id: 'r1' };
  ledger.appendSync(
    placed(ledger, [
      decision(keyed),
      decision(keyed),
      decision({ ...keyed, agent: 'b' }),
      decision({ ...keyed, kind: 'slice' }),
      decision({ agent: null, request_id: 'r1' }),
    ]),
  );
  assert.equal(ledger.findDecision('dec-4')?.seq, 4);
  assert.equal(ledger.findDecision('dec-6')?.seq, 6);
  for (const id of ['dec-99', 'dec-1', 'other-4', 'dec-04', 'dec-', '4', '', '-zzzzzzzzzz', '-zzzzzzzzzzz']) {
    assert.equal(ledger.findDecision(id), null, id);
  }
  assert.equal(ledger.findDecisionByRequest(keyed)?.seq, 2);
  assert.equal(ledger.findDecisionByRequest({ ...keyed, agent: 'b' })?.seq, 4);
  assert.equal(ledger.findDecisionByRequest({ ...keyed, kind: 'slice' })?.seq, 5);
  assert.equal(ledger.findDecisionByRequest({ ...keyed, request_id: 'r2' }), null);
});

test('decisions are paged newest first, of all agents or of one, each exactly once', (t) => {
  const ledger = openTempLedger(t);
  const agents = ['a', 'b', 'a', 'a', null, 'b', 'a'];
  ledger.appendSync(
    placed(
      ledger,
      agents.flatMap((agent) => [decision({ agent }), note('between')]),
    ),
  );
  assert.deepEqual(readPages(ledger, 3), [[14, 12, 10], [8, 6, 4], [2]]);
  assert.deepEqual(readPages(ledger, 2, 'a'), [
    [14, 8],
    [6, 2],
  ]);
  assert.deepEqual(readPages(ledger, 5, 'nobody'), [[]]);
  const first = ledger.readDecisions({ limit: 3 });
  ledger.appendSync(placed(ledger, [decision()]));
  const second = ledger.readDecisions({ limit: 3, cursor: first.next ?? '' });
  assert.deepEqual(
    second.events.map((event) => event.seq),
    [8, 6, 4],
  );
  for (const cursor of ['', '-1', '1e3', "1' OR 1=1", '9'.repeat(30)]) {
    assert.throws(() => ledger.readDecisions({ limit: 3, cursor }), hasCode('LEDGER_ARGUMENT'));
  }
});

test('a reader sees what a running daemon has committed, and cannot write', async (t) => {
  const ledger = openTempLedger(t);
  const reader = openLedgerReader(ledger.path);
  t.after(() => reader.close());
  assert.equal(reader.lastSeq(), 1);
  const { committed } = ledger.appendNow(placed(ledger, [decision()]));
  assert.equal(reader.findDecision('dec-2'), null);
  await committed;
  assert.equal(reader.findDecision('dec-2')?.seq, 2);
  assert.deepEqual(reader.genesis, ledger.genesis);
  assert.equal('appendNow' in reader, false);
});

test('a ledger that no daemon holds is readable', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendSync([note('a')]);
  ledger.close();
  const reader = openLedgerReader(ledger.path);
  assert.equal(reader.lastSeq(), 2);
  reader.close();
});

test('an exported line holds all that another program needs to check the chain [LE-122]', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendSync(
    placed(ledger, [{ kind: 'note', at_ms: NOW_MS, payload: { text: 'é "quoted" \ud800', n: 1e21 } }, decision()]),
  );
  let previous = ZERO_HASH;
  const lines = [...exportEvents(ledger)];
  assert.equal(lines.length, 3);
  for (const line of lines) {
    const { hash, prev_hash, ...hashed } = JSON.parse(line) as { hash: string; prev_hash: string };
    assert.equal(canonicalJson(JSON.parse(line)), line);
    assert.equal(prev_hash, previous);
    assert.equal(sha256Hex(prev_hash + canonicalJson(hashed)), hash);
    previous = hash;
  }
  assert.deepEqual([...exportEvents(ledger, { kind: 'decision' })], [lines[2]]);
});
