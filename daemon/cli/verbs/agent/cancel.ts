import type { Command } from 'commander';
import type { ToolAnswer } from '../../../engine/records/decisions.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../../verb.ts';

interface CancelOptions extends ConnectionOptions {
  readonly operator?: boolean;
}

type ToolCall = readonly [tool: string, body: object];

export function addCancel(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'cancel',
    summary: 'Cancel one order',
    examples: ['cancel hf0a1b2c-1k-0-0', 'cancel hf0a1b2c-1k-0-0 --operator'],
  });
  addConnectionOptions(verb)
    .argument('<id>', 'client order id')
    .option('--operator', "with the operator token: any agent's order")
    .action((id: string, options: CancelOptions) =>
      cancel(io, options, `cancel ${id}`, ['cancel_order', { client_order_id: id }]),
    );
}

export function addCancelAll(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'cancel-all',
    summary: 'Cancel all own orders, of one symbol or of every symbol',
    examples: ['cancel-all', 'cancel-all BTCUSDT', 'cancel-all --operator'],
  });
  addConnectionOptions(verb)
    .argument('[symbol]', 'such as BTCUSDT')
    .option('--operator', 'with the operator token: those of all agents')
    .action((symbol: string | undefined, options: CancelOptions) =>
      symbol === undefined
        ? cancel(io, options, 'cancel-all', ['cancel_all', {}])
        : cancel(io, options, `cancel-all ${symbol}`, ['cancel_all', { symbol }]),
    );
}

async function cancel(io: Io, options: CancelOptions, command: string, [tool, body]: ToolCall): Promise<void> {
  const { withClient } = await import('../../client/client.ts');
  const { exitCodeOfAnswer, renderAnswer, renderOperatorHint } = await import('../../render/answers.ts');
  const role = options.operator === true ? 'operator' : 'agent';
  const answer = await withClient(io, options, role, (client) => client.post<ToolAnswer>(`/v1/tools/${tool}`, body));
  if (options.json === true) printJson(io, answer);
  else io.out(renderAnswer(answer) + renderOperatorHint(answer, command, role === 'operator'));
  io.exit(exitCodeOfAnswer(answer));
}
