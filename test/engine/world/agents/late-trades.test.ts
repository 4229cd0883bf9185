import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentsBody } from '../../../../daemon/contract/types/accounts.ts';
import { DaemonWorld, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { checkAudit } from '../../../recorded/verdicts.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };

describe('trades of an opening that are listed behind those of its close', () => {
  for (const [who, close] of [
    ['its agent', (world) => world.tool('close_position', { symbol: 'BTCUSDT' })],
    ['an operator', (world) => world.tool('close_position', { symbol: 'BTCUSDT' }, world.token('operator'))],
  ] as const satisfies readonly (readonly [string, (world: DaemonWorld) => Promise<unknown>])[])
    it(`closed by ${who}: the loss is its agent's`, async (t) => {
      const world = await DaemonWorld.of(t, { wall: true, policy: UNPACED });
      // Accounts begin after their first reading.
      await world.sleep(5_000);
      await world.fault({ kind: 'late-trades', match: SEND, ms: 30_000 });
      await world.mustPlace('filled', { requested_notional: 600 });
      await world.sleep(1_000);
      await world.setMark('BTCUSDT', 59_000);
      await close(world);
      await until('it is closed', async () => (await world.position('BTCUSDT')) === 0);
      // Income tells of the trade that was not listed: once a minute.
      await world.sleep(150_000);
      const { agents, others } = (await world.operator<AgentsBody>('GET', '/v1/agents')).body;
      const own = agents.find(({ agent }) => agent === 'agent')?.total;
      assert.ok((own?.realised_usdt ?? 0) < -5, `${own?.realised_usdt} USDT`);
      assert.equal(others?.total.realised_usdt ?? 0, 0);
      assert.ok(checkAudit(world) > 0);
    });
});
