import { type Command, InvalidArgumentError, Option } from 'commander';
import { SIM_TOKEN, SIM_TOKEN_RULE } from '../../../config/settings.ts';
import { addVerb, type Io, parseInteger, parsePositive, printJson } from '../../verb.ts';

interface SimOptions {
  readonly port: number;
  readonly key: string;
  readonly secret: string;
  readonly simToken?: string;
  readonly market: string;
  readonly seed?: number;
  readonly speed?: number;
  readonly balance?: number;
  readonly state?: string;
  readonly limits: boolean;
  readonly countdown: 'regular' | 'all';
  readonly json?: boolean;
}

export function addExchangeSim(program: Command, io: Io): void {
  addVerb(program, {
    usage: 'exchange-sim',
    summary: 'Run the simulated exchange alone; any Binance USD-M client can use it',
    examples: ['exchange-sim --port 8800', 'exchange-sim --port 8800 --market bars/ --speed 60 --balance 5000'],
  })
    .option('--port <n>', 'port to listen on, on loopback; 0 for a free one', parseInteger, 8800)
    .option('--key <key>', 'API key', 'paper')
    .option('--secret <secret>', 'API secret', 'paper-secret')
    .option('--sim-token <token>', 'token of the control routes (a random one is printed)', parseSimToken)
    .option('--market <what>', 'synthetic, or a folder or CSV file of bars', 'synthetic')
    .option('--seed <n>', 'seed of the synthetic market', parseInteger)
    .option('--speed <x>', 'milliseconds of market time per millisecond', parsePositive)
    .option('--balance <usdt>', 'opening balance', parsePositive)
    .option('--state <file>', 'SQLite file for its state; without it nothing survives')
    .addOption(
      new Option('--countdown <what>', 'what its dead-man countdown cancels')
        .choices(['regular', 'all'])
        .default('regular'),
    )
    .option('--no-limits', 'count requests and orders, but refuse none (429) because of the count')
    .action(async (options: SimOptions) => {
      const { simToken, seed, speed, balance, state } = options;
      const simOptions = {
        port: options.port,
        apiKey: options.key,
        apiSecret: options.secret,
        market: options.market,
        enforceLimits: options.limits,
        countdown: options.countdown,
        ...(simToken === undefined ? {} : { simToken }),
        ...(seed === undefined ? {} : { seed }),
        ...(speed === undefined ? {} : { speed }),
        ...(balance === undefined ? {} : { balance }),
        ...(state === undefined ? {} : { storagePath: state }),
      };
      if (options.json !== true) {
        const { runExchangeSim } = await import('../../../exchange-sim/start.ts');
        return runExchangeSim(simOptions);
      }
      const { startExchangeSim } = await import('../../../exchange-sim/start.ts');
      const sim = await startExchangeSim(simOptions);
      printJson(io, { url: sim.url, control_token: sim.simToken });
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sim.close());
    });
}

function parseSimToken(text: string): string {
  if (SIM_TOKEN.test(text)) return text;
  throw new InvalidArgumentError(`A token: ${SIM_TOKEN_RULE}.`);
}
