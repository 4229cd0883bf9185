import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Books, order, type TestAnswer, until } from '../daemon/harness.ts';
import type { AnyBody } from './attempts.ts';
import { KilledDaemon } from './killed-daemon.ts';
import type { KilledDaemonOptions } from './killed-policy.ts';
import {
  everyOrderIsDecided,
  ledgerTellsWhich,
  readLedger,
  staysBelowTheCaps,
  viewsEqualTheBooks,
} from './ledger-against-books.ts';

export const SEND = { method: 'POST', path: '/fapi/v1/order' };
export const AMEND = { method: 'PUT', path: '/fapi/v1/order' };
export const CANCEL = { method: 'DELETE', path: '/fapi/v1/order' };
/** Later than the kill and, on a quiet machine, than the restart; before the exchange's recvWindow is over. */
export const LATE_MS = 3_500;
const AGREED_WITHIN_MS = 120_000;

/**
 * SIGKILL at chosen places of an execution, some seeded milliseconds off. Every kill ends with the same proof from the
 * exchange's own books; each group of kills goes on in one home, so that the ledger of the last restart has them all.
 */
export function killed(name: string, options: KilledDaemonOptions, tests: (world: () => KilledDaemon) => void): void {
  describe(name, { concurrency: 1 }, () => {
    let world: KilledDaemon | null = null;
    before(async () => {
      world = await KilledDaemon.start(options);
    });
    after(() => world?.close());
    tests(() => {
      if (world === null) throw new Error('the daemon did not start');
      return world;
    });
  });
}

/** What must hold while the daemon lies dead, and starts it again. */
export async function revive(world: KilledDaemon): Promise<Books> {
  const dead = await world.books();
  everyOrderIsDecided(dead, readLedger(world));
  staysBelowTheCaps(dead);
  await world.restart();
  return dead;
}

/**
 * What the exchange holds must be decided and below the caps at every instant. That the ledger tells what became of it
 * may take a moment: the views run ahead of the disk by a commit, and a cancel may be on its way.
 */
async function untilAgreed(world: KilledDaemon): Promise<Books> {
  const deadline = performance.now() + AGREED_WITHIN_MS;
  for (;;) {
    const books = await world.books();
    staysBelowTheCaps(books);
    everyOrderIsDecided(books, readLedger(world));
    try {
      ledgerTellsWhich(books, readLedger(world));
      await viewsEqualTheBooks(world, books);
      return books;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}

/** What must hold once the restarted daemon knows what became of everything. Returns the books. */
export async function prove(world: KilledDaemon): Promise<Books> {
  await world.untilKnown();
  const books = await untilAgreed(world);
  assert.deepEqual(books.liquidations, [], 'nothing is liquidated');
  const audit = await world.auditLedger();
  assert.ok(audit.ok, `the ledger is whole: ${JSON.stringify(audit)}`);
  return books;
}

/** The same request id again gets the decision that was on disk, and no second order. */
export async function repeats(
  world: KilledDaemon,
  tool: string,
  args: { readonly request_id: string },
): Promise<AnyBody> {
  const stored = readLedger(world).byRequest.get(args.request_id) ?? [];
  assert.equal(stored.length, 1, `decisions on disk of ${args.request_id}`);
  const { status, body } = await world.tool(tool, args);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.decision?.decision_id, stored[0], 'the stored decision');
  return body;
}

/** Asks for all that the caps could hold, while an outcome may be open still. */
export function press(world: KilledDaemon, symbol: string): Promise<TestAnswer<AnyBody>> {
  return world.tool('place_order', order({ symbol, requested_notional: 5_000, strategy_id: 'press' }));
}

export async function exits(world: KilledDaemon, symbol: string): Promise<void> {
  const before = await world.held(symbol);
  const { body } = await world.tool('close_position', { symbol });
  assert.notEqual(body.decision?.decision, 'BLOCK', `exit of ${before}: ${JSON.stringify(body.decision?.reasons)}`);
  await until('the position is closed', async () => (await world.held(symbol)) === 0, 10_000);
}
