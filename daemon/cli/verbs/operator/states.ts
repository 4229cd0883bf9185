import type { Command } from 'commander';
import type { StateChange, TradingStateBody } from '../../../contract/types/operator.ts';
import { show } from '../../client/show.ts';
import { renderFields } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, type VerbText } from '../../verb.ts';

interface StateOptions extends ConnectionOptions {
  readonly reason: string;
  readonly symbol?: string;
  readonly agent?: string;
}

export function addHalt(program: Command, io: Io): void {
  const text = {
    usage: 'halt',
    summary:
      'Halt trading: opening orders are canceled, agents may only cancel; operator exits and protective stops remain',
    examples: ['halt --reason "strange orders"', 'halt --agent momentum', 'halt --symbol ETHUSDT'],
  };
  addStateVerb(program, io, text, 'halted');
}

export function addReduce(program: Command, io: Io): void {
  const text = {
    usage: 'reduce',
    summary: 'Permit exits and cancels only; opening orders are canceled',
    examples: ['reduce --reason "over the weekend"', 'reduce --symbol ETHUSDT'],
  };
  addStateVerb(program, io, text, 'reducing');
}

export function addResume(program: Command, io: Io): void {
  const text = {
    usage: 'resume',
    summary: "Lift what `halt` or `reduce` set, and a breaker there; on binance-live only after the policy's delay",
    examples: ['resume --reason "looked into it"', 'resume --agent momentum'],
  };
  addStateVerb(program, io, text, 'active');
}

/** A verb that sets the operator layer of the trading state: for the account, a symbol or an agent. */
function addStateVerb(program: Command, io: Io, text: VerbText, state: StateChange['state']): void {
  addConnectionOptions(addVerb(program, text))
    .option('--reason <text>', 'why, for the record', 'by hand')
    .option('--symbol <symbol>', 'this symbol only')
    .option('--agent <name>', 'this agent only')
    .action(({ reason, symbol, agent, ...options }: StateOptions) => {
      const change: StateChange = {
        state,
        reason,
        ...(symbol === undefined ? {} : { symbol }),
        ...(agent === undefined ? {} : { agent }),
      };
      return show(io, options, {
        ask: (client) => client.put<TradingStateBody>('/v1/trading-state', change),
        render: renderState,
      });
    });
}

function renderState({ layers, state }: TradingStateBody): string {
  const held = layers.filter((layer) => layer.state !== 'active');
  const rows = held.map(
    (layer) => [`${layer.layer} (${layer.name ?? layer.scope})`, `${layer.state}: ${layer.reason}`] as const,
  );
  return renderFields([['account', state], ...rows]);
}
