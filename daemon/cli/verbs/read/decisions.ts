import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { ReportedDecision } from '../../../engine/records/decisions.ts';
import type { DaemonClient } from '../../client/client.ts';
import { askDaemon } from '../../client/show.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import {
  addConnectionOptions,
  addVerb,
  type ConnectionOptions,
  type Io,
  parseCount,
  printJson,
  readSince,
} from '../../verb.ts';

interface Filter {
  readonly agent?: string;
  readonly symbol?: string;
  readonly outcome?: ReportedDecision['decision'];
  readonly since?: string;
}
interface DecisionsOptions extends ConnectionOptions, Filter {
  readonly limit: number;
  readonly follow?: boolean;
}
interface DecisionsBody {
  readonly decisions: readonly ReportedDecision[];
  readonly next: string | null;
}

const RECONNECT_MS = 1000;

export function addDecisions(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'decisions',
    summary: 'List the last decisions with their figures, or watch them as they are made',
    examples: ['decisions', 'decisions --agent momentum --outcome BLOCK --since 24h', 'decisions --follow'],
  });
  addConnectionOptions(verb)
    .option('--limit <n>', 'how many, at most 5000', parseCount, 20)
    .option('--agent <name>', 'of this agent only')
    .option('--symbol <symbol>', 'on this symbol only')
    .addOption(new Option('--outcome <outcome>', 'with this outcome only').choices(['ALLOW', 'LIMIT', 'BLOCK']))
    .option(
      '--since <when>',
      'since 7d, 24h or 30m ago, a date, or a time with its zone',
      (text) => readSince(text) && text,
    )
    .option('--follow', 'continue with every new decision until Ctrl-C; with --json one line each')
    .action(async (options: DecisionsOptions) => {
      await askDaemon(io, options, 'operator', async (client) => {
        const body = await readPages(client, options);
        if (options.follow !== true) {
          if (options.json === true) return printJson(io, body);
          return print(io, body.decisions);
        }
        for (const decision of [...body.decisions].reverse()) await printOne(io, options, decision);
        return follow(io, client, options, body.decisions[0]?.seq ?? 0);
      });
    });
}

/** Pages until there are enough: with a filter one may be short although more follow. */
async function readPages(client: DaemonClient, { limit, agent, symbol, outcome, since }: DecisionsOptions) {
  const wanted = Object.entries({ agent, symbol, outcome, since }).filter(([, value]) => value !== undefined);
  const decisions: ReportedDecision[] = [];
  let next: string | null = null;
  do {
    const query = new URLSearchParams(wanted as [string, string][]);
    query.set('limit', String(limit - decisions.length));
    if (next !== null) query.set('cursor', next);
    const page: DecisionsBody = await client.get<DecisionsBody>(`/v1/decisions?${query}`);
    decisions.push(...page.decisions);
    next = page.next;
  } while (next !== null && wanted.length > 0 && decisions.length < limit);
  return { decisions, next };
}

async function print(io: Io, decisions: readonly ReportedDecision[]): Promise<void> {
  const { renderDecisions } = await import('../../render/decision-lines.ts');
  io.out(renderDecisions(decisions));
}

async function printOne(io: Io, options: ConnectionOptions, decision: ReportedDecision): Promise<void> {
  if (options.json === true) io.out(`${JSON.stringify(decision)}\n`);
  else await print(io, [decision]);
}

/** `since` is no matter here: what follows is new. */
function isWanted(decision: ReportedDecision, { agent, symbol, outcome }: Filter): boolean {
  if (agent !== undefined && decision.agent !== agent) return false;
  if (symbol !== undefined && decision.symbol !== symbol) return false;
  return outcome === undefined || decision.decision === outcome;
}

/** Reads the event stream from after `seq`. After a break it resumes where it was, so no decision is missed. */
async function follow(io: Io, client: DaemonClient, options: DecisionsOptions, seq: number): Promise<never> {
  const { createParser } = await import('eventsource-parser');
  let last = seq;
  let isLost = false;
  const found: ReportedDecision[] = [];
  for (;;) {
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (id !== undefined) last = Number(id);
        if (event !== 'decision') return;
        const { decision } = (JSON.parse(data) as { payload: { decision: ReportedDecision } }).payload;
        if (isWanted(decision, options)) found.push(decision);
      },
    });
    try {
      for await (const chunk of client.stream('/v1/events', String(last))) {
        if (isLost) io.err('connected again\n');
        isLost = false;
        parser.feed(chunk);
        for (const decision of found.splice(0)) await printOne(io, options, decision);
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
export function mayPass(error: unknown): boolean {
  return error instanceof CliError && (error.exitCode === EXIT.UNREACHABLE || error.exitCode === EXIT.NOT_READY);
}
