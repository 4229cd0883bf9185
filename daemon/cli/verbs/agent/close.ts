import type { Command } from 'commander';
import type { ClosePositionArgs } from '../../../contract/types/trading-calls.ts';
import type { ToolAnswer } from '../../../engine/records/decisions.ts';
import {
  addConnectionOptions,
  addVerb,
  type ConnectionOptions,
  type Io,
  parseNotNegative,
  parsePositive,
  printJson,
} from '../../verb.ts';

interface CloseOptions extends ConnectionOptions {
  readonly fraction?: number;
  readonly slippage?: number;
  readonly requestId?: string;
  readonly operator?: boolean;
  readonly dryRun?: boolean;
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
    .action(async (symbol: string, options: CloseOptions) => {
      const { withClient } = await import('../../client/client.ts');
      const { exitCodeOfAnswer, renderAnswer, renderOperatorHint } = await import('../../render/answers.ts');
      const body: ClosePositionArgs = {
        symbol,
        ...(options.fraction === undefined ? {} : { fraction: options.fraction }),
        ...(options.slippage === undefined ? {} : { max_slippage_bps: options.slippage }),
        ...(options.requestId === undefined ? {} : { request_id: options.requestId }),
      };
      const route = options.dryRun === true ? 'dry-run' : 'tools';
      const role = options.operator === true ? 'operator' : 'agent';
      const answer = await withClient(io, options, role, (client) =>
        client.post<ToolAnswer>(`/v1/${route}/close_position`, body),
      );
      if (options.json === true) printJson(io, answer);
      else io.out(renderAnswer(answer) + renderOperatorHint(answer, `close ${symbol}`, role === 'operator'));
      io.exit(exitCodeOfAnswer(answer));
    });
}
