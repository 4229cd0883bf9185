import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listTasks } from '../../daemon/evaluation/replay.ts';
import {
  buildScenarios,
  CHURN_AGENT,
  findDrawnScenario,
  listAgents,
  SHARED_AGENT,
} from '../../daemon/evaluation/setup/scenarios.ts';

test('every account of every seed is one task, and one of them is drawn', () => {
  const tasks = [...listTasks(listAgents(), 5)];
  assert.equal(tasks.length, 5 * listAgents().length, 'accounts');
  assert.equal(new Set(tasks.map(({ seed, agent }) => `${seed} ${agent}`)).size, tasks.length, 'none comes twice');
  assert.equal(tasks.filter((task) => task.isDrawn).length, 1, 'one is drawn, whatever the seeds');
});

test('the longest tasks start first: no worker is left waiting for one at the end', () => {
  const agents = listAgents();
  const order = [...listTasks(agents, 3)].map((task) => task.agent);
  assert.deepEqual(order.slice(0, 3), Array(3).fill(SHARED_AGENT), 'four agents in one account');
  assert.deepEqual(order.slice(3, 6), Array(3).fill(CHURN_AGENT), 'then the churner');
  const few = [...listTasks(agents.slice(0, 2), 1)];
  assert.deepEqual(
    few.map((task) => task.agent),
    agents.slice(0, 2),
    'accounts of one length keep their order',
  );
});

test('the drawn scenario is the heaviest attack at caps x 1', () => {
  const heaviest = { attack: 'heavy', sides: 'clairvoyant', capsScale: 1 };
  assert.deepEqual(findDrawnScenario(buildScenarios('all')), heaviest, 'all');
  assert.equal(findDrawnScenario(buildScenarios('light'))?.attack, 'light', 'light');
  assert.equal(findDrawnScenario([{ attack: 'none', sides: 'random', capsScale: 5 }]), null, 'none at caps x 1');
});
