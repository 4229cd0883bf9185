import type { Command } from 'commander';
import type { ClosePositionArgs } from '../../../contract/types/trading-calls.ts';
import type { ToolAnswer } from '../../../engine/records/decisions.ts';
import { askDaemon } from '../../client/show.ts';
import {
  addConnectionOptions,
  addVerb,
  type ConnectionOptions,
  type Io,
  parseNotNegative,
  parsePositive,
  printJson,
} from '../../verb.ts';

interface CloseOptions extends ToolOptions {
  readonly fraction?: number;
  readonly slippage?: number;
  readonly requestId?: string;
}

export function addClose(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'close',
    summary: 'Close a position, or a share of it',
    examples: ['close BTCUSDT', 'close BTCUSDT --fraction 0.5', 'close BTCUSDT --operator'],
  });
  addConnectionOptions(verb)
    .argument('<symbol>', 'such as BTCUSDT')
    .option('--fraction <share>', 'share of the position, above 0, at most 1', parsePositive)
    .option('--slippage <bps>', 'largest slippage; without it the exit ladder runs to its end', parseNotNegative)
    .option('--request-id <id>', 'a repeat with the same id never exits twice')
    .option('--operator', 'with the operator token: also what other agents opened')
    .option('--dry-run', 'show the decision without any effect')
    .action((symbol: string, options: CloseOptions) => {
      const body: ClosePositionArgs = {
        symbol,
        ...(options.fraction === undefined ? {} : { fraction: options.fraction }),
        ...(options.slippage === undefined ? {} : { max_slippage_bps: options.slippage }),
        ...(options.requestId === undefined ? {} : { request_id: options.requestId }),
      };
      return callTool(io, options, { tool: 'close_position', body, command: `close ${symbol}` });
    });
}

export function addCancel(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'cancel',
    summary: 'Cancel one order',
    examples: ['cancel hf0a1b2c-1k-0-0', 'cancel hf0a1b2c-1k-0-0 --operator'],
  });
  addConnectionOptions(verb)
    .argument('<id>', 'client order id')
    .option('--operator', "with the operator token: any agent's order")
    .action((id: string, options: ToolOptions) =>
      callTool(io, options, { tool: 'cancel_order', body: { client_order_id: id }, command: `cancel ${id}` }),
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
    .action((symbol: string | undefined, options: ToolOptions) =>
      callTool(
        io,
        options,
        symbol === undefined
          ? { tool: 'cancel_all', body: {}, command: 'cancel-all' }
          : { tool: 'cancel_all', body: { symbol }, command: `cancel-all ${symbol}` },
      ),
    );
}

export interface ToolOptions extends ConnectionOptions {
  readonly operator?: boolean;
  readonly dryRun?: boolean;
}
interface ToolCall {
  readonly tool: string;
  readonly body: object;
  /** The verb with its arguments, where `--operator` may help; null: it has none. */
  readonly command: string | null;
}

/** Calls a trading tool, shows what was decided, and says so by the exit code. */
export async function callTool(io: Io, options: ToolOptions, { body, command, tool }: ToolCall): Promise<void> {
  const { exitCodeOfAnswer, renderAnswer, renderOperatorHint } = await import('../../render/answers.ts');
  const path = `/v1/${options.dryRun === true ? 'dry-run' : 'tools'}/${tool}`;
  const isOperator = options.operator === true;
  const answer = await askDaemon(io, options, isOperator ? 'operator' : 'agent', (client) =>
    client.post<ToolAnswer>(path, body),
  );
  const hint = command === null ? '' : renderOperatorHint(answer, command, isOperator);
  if (options.json === true) printJson(io, answer);
  else io.out(renderAnswer(answer) + hint);
  io.exit(exitCodeOfAnswer(answer));
}
