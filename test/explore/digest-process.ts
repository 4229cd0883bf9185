import { generatePlan } from '../../scripts/explore/generate.ts';
import { runPlan } from '../../scripts/explore/run-plan.ts';

/** Prints the digests of the worlds of these seeds, which a busy loop holds up all the time. */
let isOver = false;
function burn(): void {
  const untilMs = performance.now() + Math.random();
  while (performance.now() < untilMs);
  if (!isOver) setImmediate(burn);
}
burn();
for (const seed of process.argv.slice(2)) {
  const { digest } = await runPlan(generatePlan(Number(seed)));
  process.stdout.write(`${seed} ${digest}\n`);
}
isOver = true;
