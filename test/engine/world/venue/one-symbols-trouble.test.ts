import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DaemonWorld } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';

const ETH = { symbol: 'ETHUSDT', requested_notional: 300 };

function reported(world: DaemonWorld): readonly string[] {
  return world
    .alerts()
    .filter(({ code }) => code === 'SYMBOL_UNREADY')
    .map(({ detail }) => detail);
}
const open = async (world: DaemonWorld, change: object = {}): Promise<string> => {
  const { body } = await world.place(change);
  return body.decision.decision === 'BLOCK' ? String(body.decision.reasons[0]?.code) : body.execution.state;
};

describe('trouble with one symbol at a start is of that symbol alone', () => {
  it('the exchange refuses its leverage: it opens nothing there, says so, and goes on with the others', async (t) => {
    const world = await DaemonWorld.of(t, { wall: true, policy: UNPACED });
    await world.hand('POST', '/fapi/v1/leverage', { symbol: 'ETHUSDT', leverage: '20' });
    await world.fault({
      kind: 'error',
      code: -4028,
      msg: 'Leverage 3 is not valid',
      match: { method: 'POST', path: '/fapi/v1/leverage', symbol: 'ETHUSDT' },
      count: 100_000,
    });
    await world.restart();
    assert.equal(await open(world), 'filled');
    assert.equal(await open(world, ETH), 'rejected');
    assert.deepEqual(reported(world), [
      'the leverage of ETHUSDT cannot be set, nothing is opened there: Leverage 3 is not valid',
    ]);
    await world.control('clear-faults', {});
    assert.equal(await open(world, ETH), 'filled');
  });

  for (const [what, fault] of Object.entries({
    'no answer to the setting': { kind: 'status', status: 500 },
    'a refusal of whatever we ask': { kind: 'error', code: -1003, msg: 'Too many requests.' },
  }))
    it(`${what} is no refusal of it: nothing is opened at all`, async (t) => {
      const world = await DaemonWorld.of(t, { wall: true, policy: UNPACED });
      await world.hand('POST', '/fapi/v1/leverage', { symbol: 'ETHUSDT', leverage: '20' });
      const match = { method: 'POST', path: '/fapi/v1/leverage', symbol: 'ETHUSDT' };
      await world.fault({ ...fault, match, count: 100_000 });
      await assert.rejects(world.restart(), /not ready: the account mode/);
      assert.equal(await open(world), 'STATE_REDUCING');
    });

  it('its leverage brackets are odd: the same, until they are as they should be', async (t) => {
    let isOdd = true;
    const spoil = (body: unknown): unknown =>
      (body as { symbol: string; brackets: { notionalFloor: number }[] }[]).map((row) =>
        isOdd && row.symbol === 'ETHUSDT'
          ? {
              ...row,
              brackets: row.brackets.map((bracket, i) => (i === 1 ? { ...bracket, notionalFloor: 1 } : bracket)),
            }
          : row,
      );
    const world = await DaemonWorld.of(t, {
      wall: true,
      policy: UNPACED,
      rewrites: new Map([['/fapi/v1/leverageBracket', spoil]]),
    });
    assert.equal(await open(world), 'filled');
    assert.equal(await open(world, ETH), 'STATE_REDUCING');
    assert.equal(reported(world).length, 1);
    assert.match(reported(world)[0] ?? '', /^a row of its rules cannot be read, nothing is opened there: .*brackets/);
    isOdd = false;
    await world.sleep(60_000);
    assert.equal(await open(world, ETH), 'filled');
  });

  it('odd brackets of a symbol that nobody trades here concern nobody', async (t) => {
    const spoil = (body: unknown): unknown => [
      ...(body as object[]),
      { symbol: 'ODDUSDT', brackets: [] },
      { brackets: 7 },
    ];
    const world = await DaemonWorld.of(t, {
      wall: true,
      policy: UNPACED,
      rewrites: new Map([['/fapi/v1/leverageBracket', spoil]]),
    });
    assert.equal(await open(world, ETH), 'filled');
    assert.deepEqual(reported(world), []);
  });
});
