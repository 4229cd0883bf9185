import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Random } from './script.ts';

/** Draws of one client's one episode: the same for the same seed, whatever the others do. */
export function createRandom(seed: number, client: number, episode: number): Random {
  const generator = xoroshiro128plus((seed * 1_000_003 + client * 7919 + episode * 104_729) | 0);
  const next = (): number => uniformFloat64(generator);
  next();
  return {
    next,
    between: (from, to) => from + (to - from) * next(),
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('there is nothing to pick from');
      return item;
    },
  };
}
