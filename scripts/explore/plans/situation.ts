import type { Setup } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Piece } from './draw.ts';

/** What a world begins with: what it needs of the setup, and what happens. */
export interface Situation {
  readonly setup: (setup: Setup, random: Random) => Setup;
  readonly play: Piece;
}
