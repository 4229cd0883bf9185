import type { Command } from 'commander';
import type { StateChange, TradingStateBody } from '../gate/api/operator.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson, type VerbText } from './verb.ts';

interface StateOptions extends ConnectionOptions {
  readonly reason: string;
  readonly symbol?: string;
  readonly agent?: string;
}

/** A verb that sets the operator layer of the trading state: for the account, a symbol or an agent. */
export function addStateVerb(program: Command, io: Io, text: VerbText, state: StateChange['state']): void {
  addConnectionOptions(addVerb(program, text))
    .option('--reason <text>', 'why, for the record', 'by hand')
    .option('--symbol <symbol>', 'this symbol only')
    .option('--agent <name>', 'this agent only')
    .action(async (options: StateOptions) => {
      const { withClient } = await import('./client.ts');
      const change: StateChange = {
        state,
        reason: options.reason,
        ...(options.symbol === undefined ? {} : { symbol: options.symbol }),
        ...(options.agent === undefined ? {} : { agent: options.agent }),
      };
      const body = await withClient(io, options, 'operator', (client) =>
        client.put<TradingStateBody>('/v1/trading-state', change),
      );
      if (options.json === true) printJson(io, body);
      else {
        const { renderFields } = await import('./tables.ts');
        const held = body.layers.filter((layer) => layer.state !== 'active');
        const rows = held.map(
          (layer) => [`${layer.layer} (${layer.name ?? layer.scope})`, `${layer.state}: ${layer.reason}`] as const,
        );
        io.out(renderFields([['account', body.state], ...rows]));
      }
    });
}
