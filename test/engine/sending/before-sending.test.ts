import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountSnapshot, SubmitOutcome, VenueTransfer } from '../../../daemon/engine/records/venue.ts';
import { decisionEvent, FoldedLedger, T0 } from '../fold-fixture.ts';
import { settle } from '../manual-time.ts';
import { HORIZON_MS, ProofWorld, shown } from '../proof-fixture.ts';

const MINUTE_MS = 60_000;

function later<T>(): { readonly promise: Promise<T>; end(value: T): void } {
  let end: (value: T) => void = () => undefined;
  return { promise: new Promise<T>((resolve) => (end = resolve)), end: (value) => end(value) };
}
function snapshot(atMs: number, change: Partial<AccountSnapshot> = {}): AccountSnapshot {
  return {
    requestedAtMs: atMs,
    observedAtMs: atMs,
    walletUsdt: 10_000,
    marginBalanceUsdt: 10_000,
    availableUsdt: 10_000,
    maintenanceMarginUsdt: 0,
    initialMarginUsdt: 0,
    positions: [],
    leverage: { BTCUSDT: 20 },
    isolated: { BTCUSDT: true },
    unreadable: [],
    ...change,
  };
}

describe('an opening order whose leverage setting is not known is not sent (BY-39)', () => {
  const start = (): { world: ProofWorld; open: (id: string) => Promise<SubmitOutcome>; sent: string[] } => {
    const world = new ProofWorld();
    const sent: string[] = [];
    world.script.submit = () => {
      sent.push('order');
      return { kind: 'accepted', order: shown('o', { status: 'filled', executedLots: 10 }) };
    };
    const open = (id: string): Promise<SubmitOutcome> => {
      const orders = [{ client_order_id: id, leverage: 3, time_in_force: 'IOC' as const }];
      const decided = world.decide({ id: `d-${id}`, orders });
      return world.core.run(world.sender.sendOpening(world.order(id), decided));
    };
    return { world, open, sent };
  };
  const isHeldBack = (outcome: SubmitOutcome): void => {
    assert.ok(outcome.kind === 'rejected' && outcome.rejection.cause === 'unconfirmed', JSON.stringify(outcome));
    assert.match(outcome.rejection.message, /leverage setting could not be confirmed/);
  };

  it('when its own setting was lost', async () => {
    const { world, open, sent } = start();
    world.script.leverage = () => ({ kind: 'unknown', detail: 'timeout' });
    isHeldBack(await open('o-1'));
    assert.deepEqual([sent, world.order('o-1').status], [[], 'rejected']);
  });

  it('nor one that comes after it, although the view already shows what is asked for: it is set anew', async () => {
    const { world, open, sent } = start();
    world.core.append('leverage', { leverage: 5, symbol: 'BTCUSDT' });
    world.script.leverage = () => ({ kind: 'unknown', detail: 'timeout' });
    isHeldBack(await open('o-1'));
    world.core.append('leverage', { leverage: 3, symbol: 'BTCUSDT' });
    isHeldBack(await open('o-2'));
    assert.deepEqual(sent, []);
    world.script.leverage = () => ({ kind: 'accepted', order: null });
    await open('o-3');
    assert.deepEqual(sent, ['order']);
    world.stop();
  });

  const openAt = (world: ProofWorld, id: string, leverage: number): Promise<SubmitOutcome> => {
    const orders = [{ client_order_id: id, leverage, time_in_force: 'IOC' as const }];
    const decided = world.decide({ id: `d-${id}`, orders });
    return world.core.run(world.sender.sendOpening(world.order(id), decided));
  };

  it('nor one at less leverage, while a lost setting of more may still arrive behind its own', async () => {
    const { world, sent } = start();
    world.script.leverage = () => ({ kind: 'unknown', detail: 'ECONNRESET' });
    isHeldBack(await openAt(world, 'o-1', 20));
    world.script.leverage = () => ({ kind: 'accepted', order: null });
    await world.time.advance(1_000);
    isHeldBack(await openAt(world, 'o-2', 3));
    // As before, what asks for the same is set anew.
    await openAt(world, 'o-3', 20);
    assert.deepEqual(sent, ['order']);
    world.stop();
  });

  it('nor one of the next process, which sets its own once nothing can arrive any more', async () => {
    const { world, sent } = start();
    world.core.append('leverage', { confirmed_at_ms: T0, leverage: 3, symbol: 'BTCUSDT' });
    world.script.leverage = () => ({ kind: 'unknown', detail: 'ECONNRESET' });
    isHeldBack(await openAt(world, 'o-1', 20));
    const next = world.restart(500);
    let asked = 0;
    next.script.leverage = () => {
      asked += 1;
      return { kind: 'accepted', order: null };
    };
    isHeldBack(await openAt(next, 'o-2', 3));
    await next.time.advance(HORIZON_MS);
    await openAt(next, 'o-3', 3);
    await openAt(next, 'o-4', 3);
    assert.deepEqual([sent.length, asked], [2, 1]);
    next.stop();
  });

  it('nor one at less, where the lowering of a start was lost behind a setting of more', async () => {
    const { world, sent } = start();
    world.script.leverage = () => ({ kind: 'unknown', detail: 'ECONNRESET' });
    isHeldBack(await openAt(world, 'o-1', 20));
    const next = world.restart(500);
    next.core.append('leverage', { leverage: 5, lost: true, symbol: 'BTCUSDT' });
    next.script.leverage = () => ({ kind: 'accepted', order: null });
    isHeldBack(await openAt(next, 'o-2', 5));
    assert.deepEqual(sent, []);
    await next.time.advance(HORIZON_MS + 1);
    await openAt(next, 'o-3', 5);
    assert.deepEqual(sent, ['order']);
    next.stop();
  });

  it('nor one of several that wait for it together, of which each keeps the next from setting it anew', async () => {
    const { world, open, sent } = start();
    const setting = later<SubmitOutcome>();
    world.script.leverage = () => setting.promise;
    const first = open('o-1');
    await settle();
    const others = [open('o-2'), open('o-3')];
    setting.end({ kind: 'unknown', detail: 'timeout' });
    for (const outcome of await Promise.all([first, ...others])) isHeldBack(outcome);
    assert.deepEqual(sent, []);
    world.stop();
  });

  it('until an account that was asked for later shows it', async () => {
    const { world, open, sent } = start();
    world.script.leverage = () => ({ kind: 'unknown', detail: 'timeout' });
    isHeldBack(await open('o-1'));
    world.script.leverage = () => assert.fail('nothing is set');
    await world.time.advance(HORIZON_MS + 1);
    world.script.account = () => snapshot(world.core.nowMs(), { leverage: { BTCUSDT: 3 } });
    await world.core.run(world.feed.pollAccount());
    await open('o-2');
    assert.deepEqual(sent, ['order']);
    world.stop();
  });
});

describe('an account answer that waited for the list of transfers', () => {
  it('is dropped when a newer one came meanwhile', async () => {
    const world = new ProofWorld();
    world.script.account = () => snapshot(T0);
    await world.core.run(world.feed.pollAccount());
    const transfers = later<readonly VenueTransfer[] | null>();
    world.script.transfers = () => transfers.promise;
    await world.time.advance(MINUTE_MS);
    // A withdrawal moves the wallet, so that the answer waits.
    world.script.account = () => snapshot(T0 + MINUTE_MS, { walletUsdt: 9_000, marginBalanceUsdt: 9_000 });
    const old = world.core.run(world.feed.pollAccount());
    await world.time.advance(1_000);
    world.script.account = () => snapshot(T0 + MINUTE_MS + 1_000, { marginBalanceUsdt: 8_000 });
    await world.core.run(world.feed.pollAccount());
    const records = (): number => world.events.filter((event) => event.kind === 'account').length;
    const before = records();
    transfers.end([]);
    assert.equal(await old, true);
    assert.equal(world.core.market.account?.marginBalanceUsdt, 8_000, 'decisions go on with the newer one');
    assert.equal(records(), before, 'and the older one leaves no record');
  });
});

describe('an opening parent takes an order token for each of its slices (SAE-R)', () => {
  const parent = (slices: number): FoldedLedger => {
    const ledger = new FoldedLedger();
    const orders = Array.from({ length: slices }, (_, slice) => ({
      client_order_id: `o-${slice}`,
      slice,
      delay_ms: slice * 2_000,
    }));
    ledger.append(decisionEvent({ id: 'd-1', atMs: T0, effective: { action: 'open' }, orders }));
    return ledger;
  };
  const tokens = ({ state }: FoldedLedger, nowMs = T0): readonly number[] =>
    [state.pacing.account, state.pacing.agent('alice')].map(({ sends }) => sends.count(nowMs, MINUTE_MS).tokens);

  for (const slices of [1, 4, 5])
    it(`${slices} at its decision, for the account and for the agent, and none when they fall due`, () => {
      const ledger = parent(slices);
      assert.deepEqual(tokens(ledger), [slices, slices]);
      for (let slice = 1; slice < slices; slice += 1) {
        const orders = [{ client_order_id: `o-${slice}`, slice }];
        const effective = { action: 'open' } as const;
        ledger.append(
          decisionEvent({
            id: `d-${slice + 1}`,
            atMs: T0 + slice * 2_000,
            kind: 'slice',
            parent: 'd-1',
            effective,
            orders,
          }),
        );
      }
      assert.deepEqual(tokens(ledger, T0 + slices * 2_000), [slices, slices]);
      assert.deepEqual(tokens({ state: ledger.refold() } as FoldedLedger), [slices, slices], 'after a restart, too');
    });
});
