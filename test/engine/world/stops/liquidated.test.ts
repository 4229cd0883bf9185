import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { AccountBody } from '../../../../daemon/contract/types/reads.ts';
import type { AlertEvent } from '../../../../daemon/engine/records/house-events.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('a position that the venue liquidates', () => {
  const world = suiteWorld({ wall: true });
  before(async () => {
    await world.setMark('BTCUSDT', 60_000);
  });

  const alerts = (): readonly AlertEvent[] => world.alerts().filter(({ code }) => code === 'LIQUIDATED');

  it('is told to people, once, and counts in the turnover of the day [PK-14]', async () => {
    await world.place({ requested_notional: 600, requested_leverage: 3 });
    assert.ok((await world.position('BTCUSDT')) > 0);
    await world.setMark('BTCUSDT', 35_000);
    await until('it is liquidated', async () => (await world.books()).liquidations.length === 1);
    await until('it is told', () => alerts().length > 0, 90_000);
    await world.sleep(150_000);
    assert.deepEqual(
      alerts().map(({ symbol }) => symbol),
      ['BTCUSDT'],
    );
    await world.restart();
    await world.sleep(90_000);
    assert.equal(alerts().length, 1, 'nor again after a restart');
    const { turnover_24h_usdt: turnover } = (await world.call<AccountBody>('GET', '/v1/account')).body;
    assert.ok(turnover > 540 + 300, `what the venue sold of 540 USDT counts in the ${turnover} of the day as well`);
  });
});
