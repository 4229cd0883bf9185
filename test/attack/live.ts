import { type AttackReport, buildReport } from '../../daemon/evaluation/conformance/report.ts';
import { runAttack } from '../../daemon/evaluation/conformance/run.ts';
import { createExchangeClient } from '../../daemon/evaluation/conformance/under-test/exchange-client.ts';
import { assignClients } from '../../daemon/evaluation/conformance/under-test/executor.ts';
import { createHttpExecutor } from '../../daemon/evaluation/conformance/under-test/http-executor.ts';
import { DaemonWorld, type DaemonWorldOptions } from '../daemon/harness.ts';
import { waitByWatch } from '../until.ts';

/** Attacks a daemon of its own for a few seconds. */
export async function attackDaemon(
  policy: NonNullable<DaemonWorldOptions['policy']>,
  seconds: number,
  seed: number,
): Promise<AttackReport> {
  const world = await DaemonWorld.start({ real: true, wall: true, policy });
  const executor = createHttpExecutor({
    url: world.daemon.url,
    socketPath: null,
    operatorToken: world.token('operator'),
  });
  const exchange = createExchangeClient(world.sim.url, world.sim.simToken);
  try {
    const spec = await executor.readPolicy();
    if (spec === null) throw new Error('the daemon did not tell its policy');
    const credential = (agent: string) => ({ agent, token: world.createAgent(agent) });
    // Half of the attackers have taken an agent over; the others find its symbols held.
    const honest = ['honest-1', 'honest-2'].map(credential);
    const clients = assignClients(11, honest, [...honest, ...['m', 'n'].map(credential)]);
    const signal = new AbortController().signal;
    return buildReport(
      await runAttack({
        executor,
        exchange,
        spec,
        ...clients,
        seconds,
        seed,
        requestsPerSecond: 150,
        signal,
        waitFor: waitByWatch,
      }),
    );
  } finally {
    await Promise.all([executor.close(), exchange.close()]);
    await world.close();
  }
}
