/**
 * `npm run explore:real -- --worlds 8 --seed 1 [--together 4]`: plays the explorer's plans through HTTP, ccxt and sockets
 * in real time, some at once, and judges the same promises. Slow, and one run differs from the next; the explorer itself
 * runs in virtual time.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { generatePlan } from './generate.ts';
import { runPlanForReal } from './run-plan.ts';
import { tellBreach, tellPlan } from './tell.ts';

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '8' },
    seed: { type: 'string' },
    together: { type: 'string', default: '4' },
  },
});
const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : Number(values.seed);
const waiting = Array.from({ length: Number(values.worlds) }, (_, index) => seed + index);
process.stdout.write(`seed ${seed}, ${waiting.length} worlds in real time\n`);
let broken = 0;
let calls = 0;
const work = async (): Promise<void> => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const plan = generatePlan(next);
    const result = await runPlanForReal(plan);
    calls += result.calls;
    if (result.breaches.length === 0) continue;
    broken += 1;
    const lines = [`seed ${next}:`, ...tellPlan(plan), ...result.breaches.map(tellBreach)];
    process.stdout.write(`${lines.join('\n')}\n\n`);
  }
};
await Promise.all(Array.from({ length: Math.max(1, Number(values.together)) }, work));
process.stdout.write(`${values.worlds} worlds, ${calls} calls, ${broken} with broken promises\n`);
process.exitCode = broken === 0 ? 0 : 1;
