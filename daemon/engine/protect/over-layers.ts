import { isOver, layerEvent } from '../callers/layers.ts';
import type { StateEvent } from '../records/people-events.ts';
import type { GateViews } from '../state/views.ts';

/** Layers whose time is over are taken down, so that what is stored says what is in force, and what is set anew is news. */
export function findOverLayers({ layers, time }: GateViews, nowMs: number): readonly StateEvent[] {
  const over: StateEvent[] = [];
  for (const entry of layers.values())
    if (isOver(entry, time.atNow(nowMs))) over.push(layerEvent(entry, 'its time is over', 'daemon', null));
  return over;
}
