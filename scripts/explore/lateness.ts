import type { Random } from './random.ts';

/** A loop that is busy: mostly not, then for some milliseconds, seldom for long. */
export function drawLateness(random: Random, noise: 0 | 1 | 2): number {
  if (noise === 0) return 0;
  const draw = random.next();
  if (noise === 1) return draw < 0.02 ? random.int(1, 5) : 0;
  if (draw < 0.03) return random.int(1, 15);
  return draw < 0.031 ? random.int(50, 400) : 0;
}

/** How long a commit takes, ms; 0: until the next turn of the loop. */
export function drawCommitMs(random: Random, noise: 0 | 1 | 2): number {
  const draw = noise === 0 ? 0 : random.next();
  if (draw < 0.5) return 0;
  return noise === 1 ? 1 + Math.floor((draw - 0.5) * 8) : 1 + Math.floor((draw - 0.5) ** 3 * 600);
}
