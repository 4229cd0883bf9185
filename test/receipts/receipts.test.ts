import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { buildReceipt } from '../../daemon/boot/ledger/receipts.ts';
import { type Receipt, ReceiptBodySchema } from '../../daemon/contract/bodies/receipt.ts';
import { buildContractCheck } from '../../daemon/contract/schema/check.ts';
import { ROW_FORMS, type RowForm } from '../../daemon/core/record-text/columns.ts';
import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { rotateSigningKey } from '../../daemon/ledger/proofs/signing-key.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { DaemonWorld, order } from '../daemon/harness.ts';
import { LEDGER_FORMS, restoreLedger } from '../fixtures/ledgers.ts';
import { NOW_MS } from '../ledger/temp-ledger.ts';
import { withOtherDigit } from '../other-digit.ts';
import { tempFolder } from '../temp-folder.ts';
import { keyPath, openOnDisk, playLedger, signerOf } from './signed-ledger.ts';

const PAGE = readFileSync(new URL('../../docs/receipts.md', import.meta.url), 'utf8');
const PROGRAM = /```python\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
const ROWS = /```\n(context: [\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
/** The interpreter itself: what stands on the path may be a slow shim. */
const PYTHON = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim();
const skip = PYTHON ? false : 'python3 is not installed';
const checkReceipt = buildContractCheck<Receipt>(ReceiptBodySchema);

const folder = tempFolder({ after }, 'receipts');
let database: Buffer;
before(async () => {
  writeFileSync(join(folder, 'verify.py'), PROGRAM);
  writeFileSync(join(folder, 'rows.txt'), ROWS);
  database = await playLedger(31);
});

/** What an outsider finds with the program of the page. */
function verify(receipt: unknown, head?: unknown): { readonly status: number | null; readonly said: string } {
  const write = (name: string, value: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  };
  const files = [write('receipt.json', receipt), join(folder, 'rows.txt')];
  if (head !== undefined) files.push(write('head.json', head));
  const { status, stderr, stdout } = spawnSync(PYTHON, ['-I', join(folder, 'verify.py'), ...files], {
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

const build = async (ledger: Ledger, id: string, head?: number): Promise<Receipt> => {
  const outcome = await buildReceipt(ledger, id, {
    ...(head === undefined ? {} : { head }),
    turn: () => setImmediate(),
    maxRecords: Number.MAX_SAFE_INTEGER,
  });
  assert.equal(outcome.kind, 'receipt');
  return (outcome as { readonly receipt: Receipt }).receipt;
};
const decisionsOf = (ledger: Ledger): readonly DecisionEvent[] =>
  [...ledger.iterateEvents({ kind: 'decision' })].map(({ payload }) => payload as DecisionEvent);
const idOf = ({ decision }: DecisionEvent): string => decision.decision_id;

/** The last id of each kind: what was decided on which tool, for whom, with how many orders. */
function oneOfEach(decisions: readonly DecisionEvent[]): ReadonlyMap<string, string> {
  const kinds = new Map<string, string>();
  for (const event of decisions) {
    const { decision, orders, parent_decision_id: parent, request } = event;
    const kind = `${decision.kind} ${request.tool} ${decision.decision} ${parent === null} ${Math.min(2, orders.length)}`;
    kinds.set(kind, idOf(event));
  }
  return kinds;
}

test('the program and the rows of the page: at most 80 lines, and every column in its place', () => {
  assert.ok(PROGRAM !== '' && PROGRAM.trimEnd().split('\n').length <= 80);
  const said = ROWS.replaceAll(/\n {4}/g, ' ')
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    said,
    Object.entries(ROW_FORMS).flatMap(([name, form]) => [...describeRow(name, form)]),
  );
});
function* describeRow(path: string, { columns, parts }: RowForm): Generator<string> {
  yield `${path}: ${columns.join(', ')}`;
  for (const [at, part] of parts.entries()) if (part !== null) yield* describeRow(`${path}.${columns[at]}`, part);
}

describe('a receipt', { skip }, () => {
  test('of every kind of execution is proven by the program, under the head that was noted', async (t) => {
    const ledger = openOnDisk(t, database);
    const signer = signerOf(t, ledger);
    await signer.sign();
    const head = signer.last;
    const kinds = oneOfEach(decisionsOf(ledger));
    assert.ok(kinds.size >= 8, [...kinds.keys()].join('; '));
    let orders = 0;
    let ends = 0;
    for (const [kind, id] of kinds) {
      const receipt = await build(ledger, id);
      const checked = checkReceipt(receipt);
      assert.ok(checked.ok, `${kind}: ${JSON.stringify(checked)}`);
      const { said, status } = verify(receipt, head);
      assert.equal(status, 0, `${kind}: ${said}`);
      assert.match(said, new RegExp(`^PROVEN: ${id} `));
      assert.ok(JSON.stringify(receipt).length < 100_000);
      orders += receipt.orders.filter(({ seq }) => seq !== null).length;
      if (receipt.end !== null) ends += 1;
    }
    assert.ok(orders > 0 && ends > 0, `${orders} orders, ${ends} ends`);
  });

  test('tells the end of every order as the ledger does', async (t) => {
    const ledger = openOnDisk(t, database);
    await signerOf(t, ledger).sign();
    const last = new Map<string, unknown>();
    for (const { payload } of ledger.iterateEvents({ kind: 'order' }))
      last.set((payload as { client_order_id: string }).client_order_id, payload);
    let compared = 0;
    for (const event of decisionsOf(ledger)) {
      if (event.orders.length === 0 || event.parent_decision_id !== null) continue;
      const receipt = await build(ledger, idOf(event));
      for (const { client_order_id } of event.orders)
        assert.ok(receipt.orders.some((order) => order.client_order_id === client_order_id));
      if (!receipt.is_complete) continue;
      for (const { client_order_id, outcome } of receipt.orders) {
        assert.deepEqual(outcome, last.get(client_order_id));
        compared += 1;
      }
    }
    assert.ok(compared > 5, `${compared}`);
  });

  test('is refuted when anything in it is changed', async (t) => {
    const ledger = openOnDisk(t, database);
    const signer = signerOf(t, ledger);
    await signer.sign();
    const exits = decisionsOf(ledger).filter(
      ({ orders, request }) => orders.length > 0 && request.tool === 'close_position',
    );
    const receipts = await Promise.all(exits.map((event) => build(ledger, idOf(event))));
    const receipt = receipts.find(({ end, orders }) => end !== null && orders[0]?.outcome != null);
    assert.ok(receipt !== undefined && receipt.records.length > 2);
    assert.equal(verify(receipt).status, 0);
    const other = decisionsOf(ledger).find((event) => idOf(event) !== receipt.decision_id) as DecisionEvent;
    // biome-ignore lint/suspicious/noExplicitAny: changes of every kind
    const changes: Record<string, (copy: any) => void> = {
      request: (copy) => {
        copy.request.symbol = 'ETHUSDT2';
      },
      'a name in the request': (copy) => {
        const { side, symbol } = copy.request;
        Object.assign(copy.request, { side: symbol, symbol: side });
      },
      context: (copy) => {
        copy.context.market.mark = (copy.context.market.mark ?? 0) + 1;
      },
      decision: (copy) => {
        copy.decision.decision = 'BLOCK';
      },
      effective: (copy) => {
        copy.decision.effective.lots += 1;
      },
      'decision id': (copy) => {
        copy.decision_id = idOf(other);
      },
      policy: (copy) => {
        copy.policy = copy.policy.replace('"leverage":3', '"leverage":9');
      },
      'an outcome': (copy) => {
        copy.orders[0].outcome.executed_lots += 1;
      },
      'whose order': (copy) => {
        copy.orders[0].client_order_id = 'hf000000-1-0-0';
      },
      end: (copy) => {
        copy.end.filled_lots += 1;
      },
      'a record': (copy) => {
        copy.records[0].payload = copy.records[0].payload.replace('"agent":"', '"agent":"x');
      },
      'its instant': (copy) => {
        copy.records[0].at_ms += 1;
      },
      'its place': (copy) => {
        copy.records[0].seq += 1;
      },
      'a path': (copy) => {
        copy.records[0].path[0] = '0'.repeat(64);
      },
      'a path that is too short': (copy) => {
        copy.records[0].path.pop();
      },
      'a path that is too long': (copy) => {
        copy.records[0].path.push('0'.repeat(64));
      },
      batch: (copy) => {
        copy.batches[0].first_seq += 1;
      },
      genesis: (copy) => {
        copy.genesis.payload = copy.genesis.payload.replace('"paper"', '"binance-live"');
      },
      'head seq': (copy) => {
        copy.head.seq += 1;
      },
      'head root': (copy) => {
        copy.head.root = '0'.repeat(64);
      },
      'head instant': (copy) => {
        copy.head.at_ms += 1;
      },
      signature: (copy) => {
        copy.head.signature = withOtherDigit(copy.head.signature, -1);
      },
      key: (copy) => {
        copy.keys[0].key = '0'.repeat(64);
        copy.head.key = '0'.repeat(64);
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      const copy: Receipt = structuredClone(receipt);
      change(copy);
      assert.notDeepEqual(copy, receipt, what);
      assert.equal(verify(copy).status, 1, `${what} was changed`);
    }
    const { said, status } = verify(receipt, { ...receipt.head, hash: '0'.repeat(64) });
    assert.equal(status, 1, said);
    assert.match(said, /not the one that was noted/);
  });

  test('is proven to an earlier head, a later one, and across a rotated key [AN-246]', async (t) => {
    const ledger = openOnDisk(t, database);
    const signer = signerOf(t, ledger);
    const [first, second] = decisionsOf(ledger).slice(-2);
    assert.ok(first && second);
    await signer.sign();
    const noted = signer.last;
    for (let more = 0; more < 5; more += 1) {
      ledger.appendSync([{ kind: 'alert', at_ms: NOW_MS, payload: { code: 'TEST', detail: `${more}`, symbol: null } }]);
      await signer.sign();
    }
    await signer.close();
    rotateSigningKey(keyPath(ledger), ledger);
    const again = signerOf(t, ledger);
    await again.sign();
    assert.equal(again.last?.number, 7);
    const late = await build(ledger, idOf(first));
    assert.deepEqual([late.head.number, late.keys.length], [7, 2]);
    assert.equal(verify(late, again.last).status, 0);
    for (const number of [1, 2, 3, 4, 5, 6]) {
      const receipt = await build(ledger, idOf(first), number);
      assert.equal(verify(receipt, number === 1 ? noted : undefined).status, 0, `head ${number}`);
    }
    // The new key alone vouches for nothing of the old one.
    const forged = structuredClone(late);
    (forged.keys[1] as { signature: string }).signature = late.head.signature;
    assert.match(verify(forged).said, /a key is not signed by the one before/);
    const result = verifyLedger(ledger);
    assert.deepEqual(result.ok && result.signed, { number: 7, seq: again.last?.seq });
  });

  for (const form of LEDGER_FORMS)
    test(`of a ledger of ${form} is proven as well`, async (t) => {
      const ledger = openOnDisk(t, restoreLedger(form));
      await signerOf(t, ledger).sign();
      const kinds = oneOfEach(decisionsOf(ledger));
      assert.ok(kinds.size >= 4, [...kinds.keys()].join('; '));
      for (const [kind, id] of kinds) {
        const { said, status } = verify(await build(ledger, id));
        assert.equal(status, 0, `${kind}: ${said}`);
      }
    });
});

const ORDER = order({ requested_notional: 120, strategy_id: 'demo' });
describe('a running daemon', () => {
  test('gives receipts of its newest decisions, own ones to an agent, and signs a head when it stops', {
    skip,
  }, async (t) => {
    const world = await DaemonWorld.of(t, { real: true, wall: true });
    const { body } = await world.tool('place_order', ORDER);
    const { decision_id: id } = body.decision;
    const path = `/v1/decisions/${id}/receipt`;
    const own = await world.call<Receipt>('GET', path);
    assert.equal(own.status, 200, JSON.stringify(own.body));
    assert.equal(verify(own.body).status, 0);
    assert.equal(own.body.is_complete, true);
    assert.equal(own.body.orders[0]?.outcome?.status, 'filled');
    const other = world.createAgent('other');
    assert.equal((await world.call('GET', path, undefined, other)).status, 404, "another agent's");
    assert.equal((await world.call('GET', path, undefined, world.token('operator'))).status, 200);
    assert.equal((await world.call('GET', `${path}?head=99`)).status, 404);
    assert.equal((await world.call('GET', `${path}?head=0`)).status, 400);
    assert.equal((await world.call('GET', '/v1/decisions/d-000000-1/receipt')).status, 404);
    // The next one in a hurry has to wait, and is told how long.
    const next = await world.tool('place_order', { ...ORDER, symbol: 'DOGEUSDT' });
    const early = await world.call('GET', `/v1/decisions/${next.body.decision.decision_id}/receipt`);
    assert.equal(early.status, 503, JSON.stringify(early.body));
    await world.restart();
    const late = await world.call<Receipt>('GET', `/v1/decisions/${next.body.decision.decision_id}/receipt`);
    assert.equal(late.status, 200, JSON.stringify(late.body));
    assert.equal(late.body.decision.decision, 'BLOCK');
    assert.equal(verify(late.body).status, 0);
    assert.ok(late.body.head.seq > own.body.head.seq);
  });
});
