import { type Command, Option } from 'commander';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../../verb.ts';

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
      const { withClient } = await import('../../client/client.ts');
      const query = options.format === undefined ? '' : `?format=${options.format}`;
      const body = await withClient(io, options, 'agent', (client) => client.get<ToolsBody>(`/v1/tools${query}`));
      if (options.format !== undefined) printJson(io, body.tools);
      else if (options.json === true) printJson(io, body);
      else {
        const { renderTable } = await import('../../render/tables.ts');
        const rows = body.tools.map((tool) => [tool.name, firstSentence(tool.description ?? '')]);
        io.out(renderTable(['tool', 'what it does'], rows, 'this token may call no tool'));
      }
    });
}

/** The full description is for models; `--json` prints it. */
function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text;
}
