import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { DaemonWorld, until } from '../daemon/harness.ts';
import { editPolicy, UNPACED } from '../daemon/policy-edits.ts';

const PRINT = 63_000;

describe('BY-53 one bad print is not taken for the mark', () => {
  let world: DaemonWorld;
  let before = 0;
  const rewrites = new Map<string, (answer: unknown) => unknown>();
  afterEach(() => world.close());

  /** A short position just below its cap, which a print of 5 % more is above; `regimes`: a jump is extreme as well. */
  const start = async (regimes = false): Promise<void> => {
    world = await DaemonWorld.start({
      wall: true,
      rewrites,
      policy: (spec) => {
        editPolicy(spec, UNPACED);
        spec.standing.on_breach = 'reduce';
        spec.budgets.symbol_notional_usdt = 910;
        if (!regimes) spec.market.regimes.extreme = { ...spec.market.regimes.calm };
      },
    });
    await mark(60_000);
    await world.mustPlace('filled', { side: 'sell', requested_notional: 905 });
    await world.sleep(3_000);
    before = await world.position('BTCUSDT');
  };
  const live = () => world.daemon.gate.core.market.symbol('BTCUSDT');
  /** `bookBps`: where the book is, from the mark. */
  const mark = async (price: number, bookBps = 0): Promise<void> => {
    await world.control('set-mark', { symbol: 'BTCUSDT', price: String(price), book_bps: String(bookBps) });
    await until('it was read', () => live()?.mark === price);
  };
  const isCut = async (): Promise<boolean> => (await world.position('BTCUSDT')) !== before;

  it('a mark that was read once, though the book follows it: nothing is bought back [TM-46]', async () => {
    await start();
    await mark(PRINT);
    await mark(60_000);
    await world.sleep(8_000);
    assert.equal(await isCut(), false);
  });

  it('however often it comes and goes [TM-46]', async () => {
    await start();
    for (let i = 0; i < 6; i += 1) {
      await mark(PRINT);
      await mark(60_000);
    }
    await world.sleep(8_000);
    assert.equal(await isCut(), false);
  });

  it('one that stays is the mark: the position is cut [EX-62]', async () => {
    await start();
    await mark(PRINT);
    await until('it is cut', isCut, 4_000);
  });

  it('one that the book does not follow counts after ten seconds: it is what positions are liquidated by', async () => {
    await start();
    await mark(PRINT, -476);
    await world.sleep(7_000);
    assert.equal(await isCut(), false);
    await until('it is cut', isCut, 6_000);
  });

  it('and while no second mark comes at all an operator is told, once a minute', async () => {
    await start();
    let frozen: unknown = null;
    rewrites.set('/fapi/v1/premiumIndex', (answer) => {
      if (frozen === null && JSON.stringify(answer).includes(`"${PRINT}`)) frozen = answer;
      return frozen ?? answer;
    });
    await mark(PRINT);
    await world.sleep(30_000);
    const alerts = world.daemon.gate.core.state.alerts.readBefore(Number.POSITIVE_INFINITY, 100);
    assert.equal(alerts.filter(({ code }) => code === 'POSITION_ABOVE_CAP').length, 1);
    assert.equal(await isCut(), false);
    rewrites.clear();
    await until('it is cut', isCut, 5_000);
  });

  it('and one that the book does not follow makes no regime that is held for hours', async () => {
    await start(true);
    const held = (): string | undefined => live()?.heldRegime;
    const calm = held();
    assert.notEqual(calm, 'extreme');
    await mark(PRINT, -476);
    assert.equal(held(), calm);
    await mark(60_000);
    await world.sleep(3_000);
    assert.equal(held(), calm);
    assert.equal(await isCut(), false);
    await mark(PRINT, -476);
    await until('a second reading says the same', () => held() === 'extreme', 3_000);
  });
});

describe('BY-53 one bad print is not what the account was worth at its best', () => {
  it('a reading of the account that nothing else says makes no drawdown of a month [TM-46]', async (t) => {
    const world = await DaemonWorld.of(t, {
      wall: true,
      sim: { balance: 1_000 },
      policy: (spec) => {
        editPolicy(spec, UNPACED);
        spec.standing.on_breach = 'reduce';
        spec.market.regimes.extreme = { ...spec.market.regimes.calm };
      },
    });
    const { core } = world.daemon.gate;
    const worth = (): number => core.market.account?.marginBalanceUsdt ?? 0;
    const drawdown = (): number => core.state.drawdown(core.nowMs(), worth(), 30 * 86_400_000);
    const mark = (price: number): Promise<unknown> =>
      world.control('set-mark', { symbol: 'BTCUSDT', price: String(price) });
    await mark(60_000);
    await world.mustPlace('filled', { requested_notional: 900 });
    await world.sleep(8_000);
    const [before, held] = [worth(), await world.position('BTCUSDT')];
    await mark(72_000);
    await until('the account was read', () => worth() > before * 1.1);
    await mark(60_000);
    await world.sleep(8_000);
    assert.ok(drawdown() < 0.01, `${drawdown()}`);
    assert.equal(await world.position('BTCUSDT'), held, 'nothing is cut for it');
    assert.equal(core.state.layers.has('condition|account|'), false);

    await mark(72_000);
    await world.sleep(12_000);
    await mark(60_000);
    await until('what lasted counts', () => drawdown() > 0.1, 5_000);
  });
});
