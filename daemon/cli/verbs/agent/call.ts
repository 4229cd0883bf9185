import { type Command, InvalidArgumentError } from 'commander';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../../verb.ts';

interface CallOptions extends ConnectionOptions {
  readonly full?: boolean;
}

/** Every tool as an agent with a shell calls it: JSON in, JSON out. */
export function addCall(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'call',
    summary: 'Call a tool with JSON arguments, and print the answer as JSON',
    examples: ['call get_limits', `call close_position '{"symbol":"BTCUSDT"}'`],
  });
  addConnectionOptions(verb)
    .argument('<tool>', 'name from `./holdfast tools`', parseName)
    .argument('[arguments]', 'a JSON object, sent as it is written', '{}')
    .option('--full', 'every verdict of every rule, instead of the brief answer')
    .action(async (tool: string, text: string, options: CallOptions) => {
      const { withClient } = await import('../../client/client.ts');
      const { exitCodeOfBrief } = await import('../../render/answers.ts');
      const path = `/v1/tools/${tool}?view=${options.full === true ? 'full' : 'brief'}`;
      const answer = await withClient(io, options, 'agent', (client) => client.callWithText(path, text));
      const shown = (answer as { readonly result?: unknown }).result ?? answer;
      printJson(io, shown);
      io.exit(exitCodeOfBrief(shown));
    });
}

function parseName(text: string): string {
  if (/^[a-z_]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('The name of a tool is expected.');
}
