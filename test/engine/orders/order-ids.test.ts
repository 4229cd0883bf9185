import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOrderId, decisionId, ownerOf } from '../../../daemon/engine/plan/orders.ts';
import { parseDecisionSeq } from '../../../daemon/ledger/chain/hash-chain.ts';

const GENESIS = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
const FIRST = { genesisId: GENESIS, epoch: null };
const LATER = { genesisId: GENESIS, epoch: 1_780_000_000 };

test('BY-46: the same seq makes another id in each epoch, and both forms are ours [TM-44 LE-103 LE-104 LE-105 LE-106 LE-107]', () => {
  assert.equal(clientOrderId(FIRST, 1234, 2, 1), 'hf0a1b2cya-2-1');
  assert.equal(clientOrderId(LATER, 1234, 2, 1), 'hf0a1b2c-tfrksg-ya-2-1');
  assert.notEqual(clientOrderId({ ...LATER, epoch: LATER.epoch + 1 }, 1234, 2, 1), clientOrderId(LATER, 1234, 2, 1));
  for (const source of [FIRST, LATER]) {
    assert.equal(ownerOf(clientOrderId(source, 1234, 2, 1), GENESIS), 'own');
    assert.equal(ownerOf(clientOrderId(source, 1234, 2, 1), 'ffffff'), 'other_ledger');
    assert.equal(parseDecisionSeq(decisionId(source, 1234)), 1234);
  }
  assert.equal(decisionId(LATER, 1234), 'd-0a1b2c-tfrksg-ya');
});

test("ids of people and other tools are nobody's", () => {
  for (const id of ['', 'web_aB12', 'x-cvBPrNm9', 'em0123456789abcdef', 'hfx', 'HF0a1b2c'])
    assert.equal(ownerOf(id, GENESIS), 'none');
});

test('the longest id fits the venue', () => {
  const last = { genesisId: GENESIS, epoch: 9_999_999_999 };
  const id = clientOrderId(last, Number.MAX_SAFE_INTEGER, 35, 35);
  assert.ok(id.length <= 36, id);
  // BINANCE.md part B: what the venue takes.
  assert.match(id, /^[.A-Z:/a-z0-9_-]{1,36}$/);
});
