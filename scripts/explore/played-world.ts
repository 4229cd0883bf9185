import type { Wire } from './wire.ts';
import type { World } from './world.ts';

/** What plans are played in and promises are judged by: a world in virtual time, or one of sockets and real time. */
export type PlayedWorld = Omit<Pick<World, keyof World>, 'time' | 'wire' | 'digest'> & {
  readonly time: { readonly nowMs: number; advance(ms: number): Promise<void> };
  readonly wire: Pick<Wire, 'records' | 'addFault' | 'clearFaults'>;
};
