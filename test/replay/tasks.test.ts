import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHURN_AGENT, listAgents, SHARED_AGENT } from '../../daemon/evaluation/setup/scenarios.ts';
import { CALIBRATION_SEEDS, countTasks, listTasks } from '../../daemon/evaluation/tasks.ts';

test('every account of every seed is one task, and is calibrated once in the first seeds', () => {
  const plan = { seeds: 5, agents: listAgents(), isCalibrated: true };
  const tasks = [...listTasks(plan)];
  assert.equal(tasks.length, countTasks(plan), 'as many as are counted');
  const names = tasks.map(({ seed, agent, group }) => `${seed} ${agent} ${group}`);
  assert.equal(new Set(names).size, names.length, 'none comes twice');
  assert.equal(tasks.filter((task) => task.group === 0).length, 5 * plan.agents.length, 'accounts');
  const swept = tasks.filter((task) => task.group === 1);
  assert.equal(swept.length, CALIBRATION_SEEDS * (plan.agents.length - 1), 'the shared account is not calibrated');
  assert.ok(
    swept.every(({ seed }) => seed <= CALIBRATION_SEEDS),
    'the first seeds alone',
  );
  const plain = [...listTasks({ ...plan, isCalibrated: false })];
  assert.equal(plain.length, countTasks({ ...plan, isCalibrated: false }), 'without calibration');
  assert.equal(plain.filter((task) => task.isSampled).length, 1, 'one is sampled, whatever the seeds');
});

test('the longest tasks start first: no worker is left waiting for one at the end', () => {
  const agents = listAgents();
  const order = [...listTasks({ seeds: 3, agents, isCalibrated: false })].map((task) => task.agent);
  assert.deepEqual(order.slice(0, 3), Array(3).fill(SHARED_AGENT), 'four agents in one account');
  assert.deepEqual(order.slice(3, 6), Array(3).fill(CHURN_AGENT), 'then the churner');
  const few = [...listTasks({ seeds: 1, agents: agents.slice(0, 2), isCalibrated: false })];
  assert.deepEqual(
    few.map((task) => task.agent),
    agents.slice(0, 2),
    'accounts of one length keep their order',
  );
});
