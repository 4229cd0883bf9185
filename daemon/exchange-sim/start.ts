import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SYSTEM_TIME } from '../time/system-time.ts';
import type { TimePort } from '../time/time-port.ts';
import { catchUp, type Exchange } from './exchange.ts';
import type { World } from './market/world.ts';
import { type ExchangeOptions, openExchange } from './open.ts';
import { createExchangeServer } from './rest/server.ts';

export { ExchangeSimError } from './open.ts';

export interface ExchangeSimOptions extends Omit<ExchangeOptions, 'time'> {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly host?: string;
  /** Clocks and timers; those of the process when not given: whoever is reached by sockets lives on real time. */
  readonly time?: TimePort;
}

export interface ExchangeSim {
  readonly url: string;
  readonly port: number;
  readonly simToken: string;
  readonly engine: World;
  /** Saves, and ends every connection at once. */
  close(): Promise<void>;
}

/** Starts a simulated Binance USD-M exchange on a loopback port. */
export async function startExchangeSim(options: ExchangeSimOptions = {}): Promise<ExchangeSim> {
  const exchange = openExchange({ ...options, time: options.time ?? SYSTEM_TIME });
  const { world, storage, simToken } = exchange;
  const { server, close } = createExchangeServer(exchange);
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const stopTicking = exchange.clock.mode === 'wall' ? tick(exchange) : () => {};
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    port,
    simToken,
    engine: world,
    close: async () => {
      stopTicking();
      await close();
      storage?.save(world, true);
      storage?.close();
    },
  };
}

/** Lets time pass also while nobody asks: stops trigger and liquidations happen when they are due. */
function tick(exchange: Exchange): () => void {
  const look = (): void => {
    catchUp(exchange);
    exchange.storage?.save(exchange.world);
  };
  const timer = exchange.time.every(100, look, { unref: true });
  return () => timer.cancel();
}

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
