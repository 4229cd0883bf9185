import { ROOM_UNITS, ROOMS } from './rules.ts';

/** `daemon/engine/calls/intake.ts` -> `calls`, `daemon/venue/create-venue.ts` -> `create-venue.ts`; null where the unit has no rooms. */
export function roomOf(file: string): { readonly unit: string; readonly room: string } | null {
  const [, unit, room] = file.split('/');
  return unit !== undefined && room !== undefined && Object.hasOwn(ROOMS, unit) ? { unit, room } : null;
}

/** What is wrong with an import between rooms, or into a room; null: nothing. Paths from the root of the repository. */
export function findRoomProblem(file: string, target: string, typeOnly: boolean): string | null {
  const from = roomOf(file);
  const to = roomOf(target);
  if (from !== null && from.unit === to?.unit) return findFloorProblem(from.unit, from.room, to.room, target);
  return findUnitProblem(file, target, typeOnly) ?? findDoorProblem(file, target, typeOnly);
}

/** A file in a folder that no floor names. */
export function findPlaceProblem(file: string): string | null {
  const at = roomOf(file);
  if (at === null || floorOf(at.unit, at.room) !== null) return null;
  return `${at.room} is no room of ${at.unit}: add it to scripts/boundaries/rules.ts`;
}

function floorOf(unit: string, room: string): number | null {
  const index = ROOMS[unit]?.floors.findIndex((rooms) => rooms.includes(room)) ?? -1;
  return index < 0 ? null : index;
}

function findFloorProblem(unit: string, from: string, to: string, target: string): string | null {
  if (from === to) return null;
  const [above, below] = [floorOf(unit, from), floorOf(unit, to)];
  if (above === null || below === null) return null;
  const only = ROOMS[unit]?.only?.[from];
  if (only !== undefined && !only.includes(to)) return `${unit}/${from} may not import ${unit}/${to} (${target})`;
  return below < above ? null : `${unit}/${from} may not import ${unit}/${to}, which is not below it (${target})`;
}

function findUnitProblem(file: string, target: string, typeOnly: boolean): string | null {
  const from = roomOf(file);
  const rule = from === null ? undefined : ROOM_UNITS[`${from.unit}/${from.room}`];
  const unit = target.split('/')[1];
  if (from === null || rule === undefined || unit === undefined || rule.values.includes(unit)) return null;
  if (rule.types.includes(unit) && typeOnly) return null;
  const what = rule.types.includes(unit) ? `types of ${unit} only` : `nothing of ${unit}`;
  return `${from.unit}/${from.room} may import ${what} (${target})`;
}

function findDoorProblem(file: string, target: string, typeOnly: boolean): string | null {
  const to = roomOf(target);
  const from = file.split('/')[1];
  const door = to === null || from === undefined ? undefined : ROOMS[to.unit]?.doors?.[from];
  if (to === null || door === undefined || door.values.includes(to.room)) return null;
  if (door.types.includes(to.room))
    return typeOnly ? null : `${from} may import types of ${to.unit}/${to.room} only (${target})`;
  return `${from} may not import ${to.unit}/${to.room} (${target})`;
}
