import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApprovalBook, isOver } from '../../../daemon/engine/callers/approvals.ts';
import type { LiveCore } from '../../../daemon/engine/flow/core.ts';
import type { ApprovalProof } from '../../../daemon/engine/records/approvals.ts';
import type { PasskeyAddedEvent, RequestedApproval } from '../../../daemon/engine/records/people-events.ts';
import { describeApprovals } from '../../../daemon/reads/approvals.ts';

const END = 1_000_000;
const requested: RequestedApproval = {
  account: 'main',
  action: 'requested',
  agent: 'alice',
  approval_id: 'd-1',
  digest: 'a'.repeat(64),
  expires_at_ms: END,
  intent: 'open',
  ledger: 'l',
  leverage: 1,
  lots: 10,
  notional_usdt: 600,
  order_type: 'market',
  policy_hash: 'p',
  price_ticks: 600_600,
  quantity: '0.010',
  quorum: 2,
  side: 'buy',
  symbol: 'BTCUSDT',
  token_id: 't',
  venue: 'paper',
  worst_price: '60060.0',
};
const passkey = (id: string): ApprovalProof => ({ kind: 'passkey', key_id: id, name: id, assertion: {} });

function open(): ApprovalBook {
  const book = new ApprovalBook();
  book.apply(requested, END - 1000);
  return book;
}
function sign(book: ApprovalBook, proof: ApprovalProof, digest = requested.digest): void {
  book.apply({ action: 'signed', approval_id: 'd-1', digest, proof, set_by: 'x' }, END - 900);
}
const signersOf = (book: ApprovalBook) => book.find('d-1')?.signatures.map(({ approver }) => approver);

test('an approval is over at its end, though no record has come since [AP-41 PK-144]', () => {
  const book = open();
  const approval = book.find('d-1');
  assert.ok(approval !== null);
  assert.deepEqual(
    [isOver(approval, END - 1), isOver(approval, END), isOver(approval, Number.NaN)],
    [false, true, true],
  );
  assert.deepEqual(book.count('alice', 'BTCUSDT', END - 1), { count: 1, inSymbol: 'd-1' });
  assert.deepEqual(book.count('alice', 'BTCUSDT', END), { count: 0, inSymbol: null });
  book.dropOld(END);
  assert.equal(book.find('d-1')?.status, 'expired');
  sign(book, passkey('pk_a'));
  assert.deepEqual(signersOf(book), [], 'nobody signs it any more');
});

test('only signatures of its digest count, and those of keys that are not removed', () => {
  const book = open();
  sign(book, passkey('pk_a'), 'b'.repeat(64));
  assert.deepEqual(signersOf(book), []);
  sign(book, passkey('pk_a'));
  sign(book, passkey('pk_b'));
  sign(book, { kind: 'operator_token', by: 'pk_a' });
  book.notePasskey({ action: 'removed', id: 'pk_a', reason: 'lost', set_by: 'x' });
  assert.deepEqual(signersOf(book), ['passkey pk_b', 'operator pk_a']);
  const added = { action: 'added', id: 'pk_c', is_recovery: false } as PasskeyAddedEvent;
  book.notePasskey(added);
  assert.deepEqual(signersOf(book), ['passkey pk_b', 'operator pk_a']);
  book.notePasskey({ ...added, is_recovery: true });
  assert.deepEqual(signersOf(book), ['operator pk_a'], 'a recovery removes every key');
});

test('those that wait are listed, then the last hundred that have ended, the newest first [AN-78]', () => {
  const book = new ApprovalBook();
  for (let i = 0; i < 103; i += 1) {
    const id = `d-${i}`;
    book.apply({ ...requested, approval_id: id, symbol: `S${i}USDT` }, END - 1_000);
    if (i !== 50) book.apply({ action: 'denied', approval_id: id, reason: 'no', set_by: 'x' }, END - 900 + i);
  }
  const core = {
    consoleAddress: null,
    nowMs: () => END - 500,
    ports: { clock: { isSynced: true }, ledger: { findDecision: () => null } },
    state: { approvals: book },
  } as unknown as LiveCore;
  const ids = describeApprovals(core).approvals.map(({ approval_id }) => Number(approval_id.slice(2)));
  const ended = Array.from({ length: 103 }, (_, i) => 102 - i).filter((i) => i !== 50);
  assert.deepEqual(ids, [50, ...ended.slice(0, 100)]);
});
