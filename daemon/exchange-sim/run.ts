import { type ExchangeSim, type ExchangeSimOptions, startExchangeSim } from './start.ts';

/**
 * Runs an exchange as a separate process: says where it listens (and the control token, when it made one), and ends
 * on SIGINT or SIGTERM. Resolves once it has closed.
 */
export async function runExchangeSim(options: ExchangeSimOptions): Promise<void> {
  const sim = await startExchangeSim(options);
  process.stdout.write(`exchange-sim listens on ${sim.url}\n`);
  if (options.simToken === undefined) process.stdout.write(`control token ${sim.simToken}\n`);
  await waitForSignal(sim);
}

function waitForSignal(sim: ExchangeSim): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      sim.close().then(resolve, reject);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
