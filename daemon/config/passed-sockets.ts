import type { Reading } from './reading.ts';
import type { Environment } from './settings.ts';

/** First descriptor that is passed (SD_LISTEN_FDS_START). */
const FIRST = 3;

/**
 * Descriptors of the listening sockets that a service manager opened for this very process and holds on to while the
 * daemon is down, as sd_listen_fds(3) describes it; none where the variables are meant for another process.
 */
export function readPassedSockets(
  reading: Reading,
  { LISTEN_FDS: text = '', LISTEN_PID: pid }: Environment,
  listen: { readonly kind: 'tcp'; readonly port: number } | { readonly kind: 'socket' },
): readonly number[] {
  if (pid !== String(process.pid)) return [];
  const count = /^[0-9]$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(count)) reading.problems.push('LISTEN_FDS is no number from 0 to 9');
  if (!(count > 0)) return [];
  if (listen.kind === 'socket') reading.refuse('HOLDFAST_SOCKET', 'is set, but the service manager passes sockets');
  // Whose a request is has to be known before the first one is read: it may have waited for this process.
  else if (listen.port === 0) reading.refuse('HOLDFAST_PORT', 'is 0, but the service manager passes sockets');
  return Array.from({ length: count }, (_, index) => FIRST + index);
}
