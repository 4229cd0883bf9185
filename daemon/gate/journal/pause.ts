import type { TimePort } from '../../time/time-port.ts';

/**
 * Longest single sleep towards a time on the domain clock, wall ms. The caller then checks again: the clock may have
 * jumped, or its rate changed, since the span was computed.
 */
export const LOOK_AGAIN_MS = 5_000;

/** Waits for this much wall time. @throws DOMException `AbortError` when the signal aborts, which ends the caller. */
export async function pause(time: TimePort, ms: number, signal: AbortSignal): Promise<void> {
  await time.delay(ms, signal);
  if (signal.aborted) throw new DOMException('the daemon stops', 'AbortError');
}

/** What this turn of the event loop has begun is sent before this resolves. */
export function nextTurn(time: TimePort): Promise<void> {
  return new Promise((resolve) => time.nextTurn(resolve));
}
