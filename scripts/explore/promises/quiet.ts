import { couldNotRecord, type History } from '../history.ts';
import { isUp } from './token-ends.ts';

const ANSWERED_WITHIN_MS = 1_000;

interface Asked {
  readonly sentAtMs: number;
  readonly status: number | null;
  readonly answeredAtMs: number | null;
}

/** One daemon runs all the time, and whatever it asks is answered soon, by an exchange that turns nothing away. */
export function isCalm(history: History, fromMs: number, toMs: number): boolean {
  const { wire } = history.world;
  if (couldNotRecord(history) || !isUp(history, fromMs, toMs)) return false;
  if (wire.leftAlone.isAskedWithin(fromMs, toMs)) return false;
  const asked: readonly (readonly Asked[])[] = [wire.records, wire.looks];
  return asked.every((list) => list.every((one) => !isWithin(one, fromMs, toMs) || isAnswered(one)));
}

function isWithin({ sentAtMs }: Asked, fromMs: number, toMs: number): boolean {
  return sentAtMs >= fromMs && sentAtMs <= toMs;
}
function isAnswered({ answeredAtMs, sentAtMs, status }: Asked): boolean {
  if (answeredAtMs === null || answeredAtMs - sentAtMs > ANSWERED_WITHIN_MS) return false;
  return status === 200 || status === 400;
}
