import { type Command, InvalidArgumentError, Option } from 'commander';
import { askDaemon, show } from '../../client/show.ts';
import { renderTable } from '../../render/tables.ts';
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
      const { exitCodeOfBrief } = await import('../../render/answers.ts');
      const path = `/v1/tools/${tool}?view=${options.full === true ? 'full' : 'brief'}`;
      const answer = await askDaemon(io, options, 'agent', (client) => client.callWithText(path, text));
      const shown = (answer as { readonly result?: unknown }).result ?? answer;
      printJson(io, shown);
      io.exit(exitCodeOfBrief(shown));
    });
}

function parseName(text: string): string {
  if (/^[a-z_]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('The name of a tool is expected.');
}

interface ToolsBody {
  readonly tools: readonly { readonly name?: string; readonly description?: string }[];
}

export function addTools(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'tools',
    summary: 'List the tools that an agent may call',
    examples: ['tools', 'tools --format openai > tools.json'],
  });
  addConnectionOptions(verb)
    .addOption(
      new Option('--format <format>', 'print the catalogue in the form of a model API').choices([
        'openai',
        'openai_strict',
        'openai_responses',
        'anthropic',
        'mcp',
      ]),
    )
    .action(async (options: ConnectionOptions & { readonly format?: string }) => {
      const { format } = options;
      if (format === undefined)
        await show(io, options, {
          role: 'agent',
          ask: (client) => client.get<ToolsBody>('/v1/tools'),
          render: ({ tools }) => {
            const rows = tools.map(({ description = '', name }) => [name, firstSentence(description)]);
            return renderTable(['tool', 'what it does'], rows, 'this token may call no tool');
          },
        });
      else {
        const path = `/v1/tools?format=${format}`;
        printJson(io, (await askDaemon(io, options, 'agent', (client) => client.get<ToolsBody>(path))).tools);
      }
    });
}

/** The full description is for models; `--json` prints it. */
function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text;
}
