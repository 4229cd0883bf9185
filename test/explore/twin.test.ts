import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatePlan } from '../../scripts/explore/generate.ts';
import { PLAIN_SETUP, type Plan, type Step } from '../../scripts/explore/plan.ts';
import { compareTwins, findInterference } from '../../scripts/explore/twin.ts';

const open = (agent: 'alpha' | 'beta', gap: number): Step => ({
  gap,
  do: { kind: 'open', agent, symbol: agent === 'alpha' ? 'BTCUSDT' : 'ETHUSDT', side: 'buy', usdt: 1_000 },
});
const planOf = (gross: number): Plan => ({
  seed: 3,
  setup: { ...PLAIN_SETUP, caps: { ...PLAIN_SETUP.caps, gross } },
  steps: [
    open('alpha', 0),
    open('beta', 4_000),
    { gap: 4_000, do: { kind: 'close', agent: 'alpha', symbol: 'BTCUSDT' } },
  ],
});

test('one agent changes nothing for another but through the caps of the account', async () => {
  assert.deepEqual(await compareTwins(planOf(10_000)), []);
  const [breach, ...more] = await compareTwins(planOf(1_500));
  assert.equal(breach?.code, 'others/changed');
  assert.match(breach?.detail ?? '', /^beta: /);
  assert.deepEqual(more, []);
});

test('in generated plans without chance and with room for all, too', async () => {
  for (const seed of [4, 6, 22]) assert.deepEqual(await findInterference(generatePlan(seed)), [], `seed ${seed}`);
});

test('the order rate that both share is no bound, however little a skill is trusted', async () => {
  assert.deepEqual(await findInterference(generatePlan(10_120, { extras: ['twins'] })), []);
});

test('an order that is named and is another agent’s is there beside others alone', async () => {
  for (const seed of [41_001_140, 41_302_020])
    assert.deepEqual(await findInterference(generatePlan(seed, { extras: ['operators'] })), [], `seed ${seed}`);
});
