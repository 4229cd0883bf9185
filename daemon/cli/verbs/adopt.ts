import type { Command } from 'commander';
import type { HolderBody } from '../../gate/api/operator.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../verb.ts';

interface AdoptOptions extends ConnectionOptions {
  readonly agent: string;
  readonly reason: string;
}

export function addAdopt(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'adopt',
    summary: 'Give a symbol to an agent, with all that is held there',
    examples: ['adopt BTCUSDT --agent momentum --reason "bought by hand"'],
  });
  addConnectionOptions(verb)
    .argument('<symbol>', 'such as BTCUSDT')
    .requiredOption('--agent <name>', 'who holds it from now on')
    .option('--reason <text>', 'why, for the record', 'by hand')
    .action(async (symbol: string, options: AdoptOptions) => {
      const { withClient } = await import('../client.ts');
      const { agent, reason } = options;
      const body = await withClient(io, options, 'operator', (client) =>
        client.post<HolderBody>(`/v1/symbols/${encodeURIComponent(symbol)}/adopt`, { agent, reason }),
      );
      if (options.json === true) printJson(io, body);
      else {
        const { renderFields } = await import('../tables.ts');
        io.out(
          renderFields([
            ['symbol', body.symbol],
            ['held by', body.holder],
            ['quantity', body.quantity],
          ]),
        );
      }
    });
}
