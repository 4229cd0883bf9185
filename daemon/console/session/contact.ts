import { computed, signal } from '@preact/signals';
import { nowMs } from './clock.ts';

/** So long without the trading state, which is read every second, and nothing that is shown is known to be so any more. */
const CONTACT_MS = 3_000;

/** Of the page's monotonic clock. */
let readAtMs = performance.now();
let lookedAtMs = readAtMs;
let sleptUntilMs = readAtMs;

/** When the daemon last told the trading state, by this machine's clock; null: it does. */
export const lostSinceMs = signal<number | null>(null);
/** How old what is shown is; null: as new as it gets. */
export const ageMs = computed(() =>
  lostSinceMs.value === null ? null : Math.max(CONTACT_MS, nowMs.value - lostSinceMs.value),
);

/** The trading state was read just now. */
export function noteContact(): void {
  readAtMs = performance.now();
  lostSinceMs.value = null;
}

/**
 * Call it a few times a second, and when a call or the stream has failed. A hidden page that the browser puts to sleep
 * asks for nothing meanwhile, so its silence says nothing until a call fails.
 */
export function checkContact(hasFailed = false): void {
  const now = performance.now();
  if (now - lookedAtMs > CONTACT_MS && document.hidden) sleptUntilMs = now;
  lookedAtMs = now;
  const silentMs = now - (hasFailed ? readAtMs : Math.max(readAtMs, sleptUntilMs));
  if (lostSinceMs.peek() === null && silentMs > CONTACT_MS) lostSinceMs.value = Date.now() - (now - readAtMs);
}
