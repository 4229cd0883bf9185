import type { AlertRoutesSpec } from '../contract/alerts.ts';
import { type Violation, violationAt } from '../contract/schema/violations.ts';
import { SIMULATED_VENUE } from '../core/venues.ts';
import { buildDispatch, describeUnbuilt } from './channels.ts';
import type { Message } from './message.ts';
import type { ReadSecret } from './secrets.ts';
import { findDispatchProblem } from './send.ts';

/** A message of each channel is built as delivery builds it, and goes nowhere. */
const SAMPLE: Message = { id: 'check', kind: 'test', atMs: 0, venue: SIMULATED_VENUE, consoleUrl: null, entries: [] };

/**
 * What keeps any message of a channel from leaving: its secrets, its address, its program. Names are not looked up.
 *
 * @param nowMs host time
 */
export async function findDeliveryProblems(
  { channels }: AlertRoutesSpec,
  readSecret: ReadSecret,
  nowMs: number,
): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const [name, channel] of Object.entries(channels)) {
    const problem = await buildDispatch(channel, SAMPLE, readSecret, nowMs).then(findDispatchProblem, describeUnbuilt);
    if (problem !== null) found.push(violationAt(`channels.${name}`, problem));
  }
  return found;
}
