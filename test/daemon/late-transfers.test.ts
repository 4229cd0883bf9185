import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DaemonWorld } from './harness.ts';

/** A row of the exchange's income. */
interface Row {
  readonly incomeType: string;
  readonly income: string;
}

describe('SAE-DD transfers of which the exchange tells late', () => {
  let world: DaemonWorld;
  let isHidden: (row: Row) => boolean;
  beforeEach(async () => {
    isHidden = () => false;
    const tell = (rows: unknown): unknown => (rows as readonly Row[]).filter((row) => !isHidden(row));
    world = await DaemonWorld.start({ rewrites: new Map([['/fapi/v1/income', tell]]) });
    await world.advance(1_000);
  });
  afterEach(() => world.close());

  /** Minutes, in which each list is read again. */
  const letListsBeRead = async (): Promise<void> => {
    for (let minute = 0; minute < 3; minute += 1) {
      await world.advance(61_000);
      await world.sleep(70_000);
    }
  };
  const move = async (amount: string, type = 'TRANSFER'): Promise<void> => {
    await world.control('transfer', { amount, type });
    await world.advance(2_000);
  };
  const netOfTransfers = async (): Promise<number> =>
    Math.round(((await world.account()).equity_usdt ?? 0) - world.daemon.gate.core.state.equity.transfersUsdt);

  it('counts one that was told of after a restart only: a deposit hides no loss', async () => {
    isHidden = ({ incomeType }) => incomeType === 'TRANSFER';
    await move('5000');
    await world.restart();
    isHidden = () => false;
    await letListsBeRead();
    assert.equal(await netOfTransfers(), 10_000);
  });

  it('counts one that was told of after a later one: a withdrawal is no loss', async () => {
    isHidden = ({ incomeType, income }) => incomeType === 'TRANSFER' && Number(income) === -3_000;
    await move('-3000');
    await move('2000');
    isHidden = () => false;
    await letListsBeRead();
    assert.equal(await netOfTransfers(), 10_000);
    assert.ok(((await world.account()).daily_loss ?? 1) < 0.01);
    assert.deepEqual((await world.tradingState()).state, 'active');
  });

  for (const type of ['INTERNAL_TRANSFER', 'STRATEGY_UMFUTURES_TRANSFER', 'COIN_SWAP_DEPOSIT'])
    it(`counts what is moved in another way, ${type}, in the reading that shows it and after a restart`, async () => {
      await move('-3000', type);
      assert.equal(await netOfTransfers(), 10_000);
      assert.ok(((await world.account()).daily_loss ?? 1) < 0.01);
      await letListsBeRead();
      assert.equal((await world.tradingState()).state, 'active', 'a withdrawal is no loss');
      await move('5000', type);
      await world.restart();
      await letListsBeRead();
      assert.equal(await netOfTransfers(), 10_000, 'a deposit hides none, and none is counted twice');
    });

  it('counts none twice', async () => {
    await move('1000');
    await letListsBeRead();
    await world.restart();
    await letListsBeRead();
    assert.equal(await netOfTransfers(), 10_000);
    assert.equal([...world.daemon.ledger.iterateEvents({ kind: 'transfer' })].length, 1);
  });

  it('counts none of before the first reading of a ledger, which has it', async () => {
    await move('5000');
    const beside = await world.startBeside('new');
    await letListsBeRead();
    await world.run(beside.daemon.gate.core.run(beside.daemon.gate.keeper.refreshAll()));
    const { equity } = beside.daemon.gate.core.state;
    await beside.close();
    assert.equal(equity.transfersUsdt, 0);
  });
});
