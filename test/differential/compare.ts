import type { Played } from './gate-side.ts';

/** Where two sides of a world part: the first instant at which they are not the same, and what each has there. */
export interface Difference {
  readonly what: 'recorded' | 'venue';
  readonly gate: readonly string[];
  readonly engine: readonly string[];
}

const IS_DECISION = /^\s*\d+ (tool|gate|slice|standing) /;
const HOLDS = /^\s*\d+ (\w+) holds /;
const IS_SENT = / (IOC|GTC|MARKET|STOP|AMEND) /;

/**
 * Decisions, and what arrives at the venue, are equal in their order. What follows from them at one and the same instant
 * is equal as a whole: the daemon's answers overtake one another there, as promises do.
 */
export function findDifference(gate: Played, engine: Played): Difference | null {
  return (
    findIn('venue', gate.venue, engine.venue, IS_SENT) ??
    findIn('recorded', gate.recorded, engine.recorded, IS_DECISION)
  );
}

function findIn(
  what: Difference['what'],
  gate: readonly string[],
  engine: readonly string[],
  isInOrder: RegExp,
): Difference | null {
  const here = byInstant(gate);
  const there = byInstant(engine);
  const instants = [...new Set([...here.keys(), ...there.keys()])].sort((a, b) => a - b);
  for (const instant of instants) {
    const [mine, other] = [here.get(instant) ?? [], there.get(instant) ?? []];
    if (canonical(mine, isInOrder) !== canonical(other, isInOrder)) return { what, gate: mine, engine: other };
  }
  return null;
}

function byInstant(lines: readonly string[]): ReadonlyMap<number, string[]> {
  const instants = new Map<number, string[]>();
  for (const line of lines) {
    const at = Number.parseInt(line, 10);
    const known = instants.get(at);
    if (known === undefined) instants.set(at, [line]);
    else known.push(line);
  }
  return instants;
}

function canonical(lines: readonly string[], isInOrder: RegExp): string {
  const inOrder = lines.filter((line) => isInOrder.test(line));
  const held = new Map<string, string>();
  const rest: string[] = [];
  for (const line of lines) {
    const symbol = HOLDS.exec(line)?.[1];
    // Of a position what it is in the end.
    if (symbol !== undefined) held.set(symbol, line);
    else if (!isInOrder.test(line)) rest.push(line);
  }
  return JSON.stringify([inOrder, [...rest, ...held.values()].sort()]);
}

/** For whoever reads a failure: the world, what both did at that instant, and what the gate recorded before it. */
export function describeDifference(seed: number, gate: Played, { what, gate: here, engine }: Difference): string {
  const at = Number.parseInt((here[0] ?? engine[0] ?? '').trim(), 10);
  const before = gate[what].filter((line) => Number.parseInt(line, 10) < at).slice(-12);
  const block = (title: string, lines: readonly string[]): string => `${title}\n  ${lines.join('\n  ')}`;
  return [
    `world ${seed} parts (${what})`,
    block('before', before),
    block('the gate', here),
    block('the replay', engine),
  ].join('\n');
}
