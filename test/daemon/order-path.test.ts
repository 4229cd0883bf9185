import assert from 'node:assert/strict';
import { type Profiler, Session } from 'node:inspector';
import { after, before, test } from 'node:test';
import type { TradingArgs } from '../../daemon/contract/types/trading-calls.ts';
import type { Caller } from '../../daemon/engine/records/callers.ts';
import { DaemonWorld, order } from './harness.ts';

/** Its token is nobody's: the order is dropped before it is sent, and no round of the feeds is counted. */
const AGENT: Caller = { role: 'agent', agent: 'agent', tokenId: 't', skillSha256: null };
const DAEMON = new URL('../../daemon/', import.meta.url).href;
/** Modules that a market order may pass, at most: from its body to its record, and to its answer. */
const MAX_TO_THE_RECORD = 48;
/** With the accounts by agent, approvals, the outbox and signs of life, whose views follow the record. */
const MAX_TO_THE_ANSWER = 77;

let world: DaemonWorld;
const session = new Session();
before(async () => {
  world = await DaemonWorld.start();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
});
after(async () => {
  session.disconnect();
  await world.close();
});

/** Modules of the daemon of which a function was executed since the last call; the exchange is none of it. */
function takeModules(): readonly string[] {
  let found: readonly Profiler.ScriptCoverage[] = [];
  // A session of the same thread answers at once.
  session.post('Profiler.takePreciseCoverage', (error, answer) => {
    assert.equal(error, null);
    found = answer.result;
  });
  return found
    .filter(({ functions }) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0))
    .filter(({ url }) => url.startsWith(DAEMON) && !url.startsWith(`${DAEMON}exchange-sim/`))
    .map(({ url }) => url.slice(DAEMON.length));
}

async function place(): Promise<void> {
  const call = { tool: 'place_order', args: order() } as TradingArgs;
  const outcome = await world.run(world.daemon.gate.runTool(AGENT, call));
  assert.ok(outcome.kind === 'decided' && outcome.text.includes('"decision":"ALLOW"'));
}

test('an order that is allowed passes few modules on its way to the record, and to its answer', async (t) => {
  // What is computed once is computed before.
  for (let i = 0; i < 2; i += 1) {
    await place();
    await world.advance(61_000);
  }
  const { ledger } = world.daemon.gate.core.ports;
  const appendNow = ledger.appendNow.bind(ledger);
  let toRecord: readonly string[] = [];
  ledger.appendNow = (records) => {
    const pending = appendNow(records);
    if (records[0]?.kind === 'decision') toRecord = takeModules();
    return pending;
  };
  takeModules();
  await place();
  const toAnswer = [...new Set([...toRecord, ...takeModules()])];
  ledger.appendNow = appendNow;
  t.diagnostic(`${toRecord.length} modules to the record, ${toAnswer.length} to the answer`);
  assert.ok(
    toRecord.includes('core/decide/decide.ts') && toRecord.includes('ledger/chain/hash-chain.ts'),
    toRecord.join(' '),
  );
  assert.ok(toRecord.length <= MAX_TO_THE_RECORD, toRecord.join(' '));
  assert.ok(toAnswer.length <= MAX_TO_THE_ANSWER, toAnswer.join(' '));
});
