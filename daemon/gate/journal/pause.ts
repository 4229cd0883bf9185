import type { TimePort } from '../../time/time-port.ts';

/**
 * Longest single sleep towards an instant of domain time, wall ms. Whoever waits looks again then: the clock may have
 * jumped, or its rate changed, since the span was computed.
 */
export const LOOK_AGAIN_MS = 5_000;

/** Waits so much wall time. @throws DOMException `AbortError` when the signal aborts: what waited ends there. */
export async function pause(time: TimePort, ms: number, signal: AbortSignal): Promise<void> {
  await time.delay(ms, signal);
  if (signal.aborted) throw new DOMException('the daemon stops', 'AbortError');
}
