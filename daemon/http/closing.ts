import type { FastifyInstance } from 'fastify';

/** Time for what is in flight; after it connections are cut, so that the whole takes less than 2 s. */
export const GRACE_MS = 1500;
const SWEEP_MS = 20;

/**
 * Stops listening, lets requests in flight finish and closes each connection as it falls idle: Fastify alone would wait
 * for the client of a kept-alive connection to hang up.
 */
export async function closeConnections(app: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const deadline = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
  try {
    const closed = app.close();
    app.server.closeIdleConnections();
    await closed;
  } finally {
    clearInterval(sweep);
    clearTimeout(deadline);
  }
}
