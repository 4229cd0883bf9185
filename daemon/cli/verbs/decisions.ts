import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ToldDecision } from '../../gate/api/decisions.ts';
import type { DaemonClient } from '../client.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, parseCount, printJson } from '../verb.ts';

interface DecisionsOptions extends ConnectionOptions {
  readonly limit: number;
  readonly follow?: boolean;
}
interface DecisionsBody {
  readonly decisions: readonly ToldDecision[];
  readonly next: string | null;
}

const RECONNECT_MS = 1000;

export function addDecisions(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'decisions',
    summary: 'List the last decisions, or watch them as they are made',
    examples: ['decisions', 'decisions --limit 100 --json', 'decisions --follow'],
  });
  addConnectionOptions(verb)
    .option('--limit <n>', 'how many, at most 5000', parseCount, 20)
    .option('--follow', 'continue with every new decision until Ctrl-C; with --json one line each')
    .action(async (options: DecisionsOptions) => {
      const { withClient } = await import('../client.ts');
      await withClient(io, options, 'operator', async (client) => {
        const body = await client.get<DecisionsBody>(`/v1/decisions?limit=${options.limit}`);
        if (options.follow !== true)
          return options.json === true ? printJson(io, body) : printTable(io, body.decisions);
        for (const decision of [...body.decisions].reverse()) await printLine(io, options, decision);
        return follow(io, client, options, body.decisions[0]?.seq ?? 0);
      });
    });
}

async function printTable(io: Io, decisions: readonly ToldDecision[]): Promise<void> {
  const { DECISION_COLUMNS, decisionRow } = await import('../answers.ts');
  const { renderTable } = await import('../tables.ts');
  io.out(renderTable(DECISION_COLUMNS, decisions.map(decisionRow), 'no decisions yet'));
}

async function printLine(io: Io, options: ConnectionOptions, decision: ToldDecision): Promise<void> {
  const { decisionRow } = await import('../answers.ts');
  const { plain } = await import('../tables.ts');
  if (options.json === true) io.out(`${JSON.stringify(decision)}\n`);
  else io.out(`${decisionRow(decision).map(plain).join('  ')}\n`);
}

/** Reads the event stream from after `seq`. After a break it resumes where it was, so no decision is missed. */
async function follow(io: Io, client: DaemonClient, options: ConnectionOptions, seq: number): Promise<never> {
  const { createParser } = await import('eventsource-parser');
  let last = seq;
  let isLost = false;
  const found: ToldDecision[] = [];
  for (;;) {
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (id !== undefined) last = Number(id);
        if (event === 'decision')
          found.push((JSON.parse(data) as { payload: { decision: ToldDecision } }).payload.decision);
      },
    });
    try {
      for await (const chunk of client.stream('/v1/events', String(last))) {
        if (isLost) io.err('connected again\n');
        isLost = false;
        parser.feed(chunk);
        for (const decision of found.splice(0)) await printLine(io, options, decision);
      }
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    if (!isLost) io.err('the connection to the daemon was lost; trying again\n');
    isLost = true;
    await delay(RECONNECT_MS);
  }
}

/** A broken connection may come back; a refusal stays one. */
function mayPass(error: unknown): boolean {
  return error instanceof CliError && (error.exitCode === EXIT.UNREACHABLE || error.exitCode === EXIT.NOT_READY);
}
