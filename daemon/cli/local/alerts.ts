import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { AlertRoutesSpec } from '../../contract/alerts.ts';
import type { Violation } from '../../contract/schema/violations.ts';
import type { AlertChannelsBody, AlertTestBody } from '../../contract/types/alerts.ts';
import type { ReloadBody } from '../../contract/types/policy.ts';
import type { AlertsBody } from '../../contract/types/reads.ts';
import { show } from '../client/show.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { FILE_DIFFERS } from '../render/pending.ts';
import { formatInstant, plain, renderTable } from '../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, parseCount, printJson } from '../verb.ts';

export function addAlerts(program: Command, io: Io): void {
  const alerts = addAlertList(program, io);
  addCheck(alerts, io);
  addTest(alerts, io);
  addChannels(alerts, io);
  addReload(alerts, io);
}

/** Options of `alerts` itself are those of each verb below it. */
type Options = ConnectionOptions;
const optionsOf = (command: Command): Options => command.optsWithGlobals<Options>();

function addCheck(alerts: Command, io: Io): void {
  addVerb(alerts, {
    usage: 'check',
    summary: 'List everything that is wrong with a file of alert routes',
    examples: ['alerts check alerts.yaml'],
  })
    .argument('<file>', 'file of alert routes, YAML or JSON')
    .option('--alerts-exec', 'the daemon is started with --alerts-exec (HOLDFAST_ALERTS_EXEC)')
    .action(async (file: string, options: { readonly alertsExec?: boolean }, command: Command) => {
      const text = readText(file);
      const [{ parseAlertRoutes }, { readAlertsExec }, { formatViolation }, { plain }] = await Promise.all([
        import('../../alerts/file.ts'),
        import('../../config/config.ts'),
        import('../../contract/schema/violations.ts'),
        import('../render/tables.ts'),
      ]);
      const shaped = parseAlertRoutes(text, readAlertsExec(io.env, options));
      const problems = shaped.ok ? await findUndeliverable(io, file, shaped.spec) : [];
      const parsed = problems.length === 0 ? shaped : ({ ok: false, violations: problems } as const);
      if (optionsOf(command).json === true)
        printJson(
          io,
          parsed.ok ? { ok: true, file, hash: parsed.hash } : { ok: false, file, violations: parsed.violations },
        );
      else if (parsed.ok) io.out(`${file} is valid: hash ${parsed.hash}\n`);
      else for (const violation of parsed.violations) io.out(`${plain(formatViolation(violation))}\n`);
      io.exit(parsed.ok ? EXIT.OK : EXIT.VERIFICATION);
    });
}

/** By the code of delivery: the secrets are read as this user, with these variables. */
async function findUndeliverable(io: Io, file: string, spec: AlertRoutesSpec): Promise<readonly Violation[]> {
  const [{ findDeliveryProblems }, { createSecretReader }, { readAlertSecrets }] = await Promise.all([
    import('../../alerts/deliverable.ts'),
    import('../../alerts/secrets.ts'),
    import('../../config/config.ts'),
  ]);
  const readSecret = createSecretReader(dirname(resolve(file)), readAlertSecrets(io.env));
  return findDeliveryProblems(spec, readSecret, Date.now());
}

function addTest(alerts: Command, io: Io): void {
  const verb = addVerb(alerts, {
    usage: 'test',
    summary: 'Send a test message to one alert channel, or to each',
    examples: ['alerts test', 'alerts test phone'],
  });
  addConnectionOptions(verb)
    .argument('[channel]', 'name in the file of alert routes')
    .action((channel: string | undefined, _options: Options, command: Command) =>
      show(io, optionsOf(command), {
        ask: (client) => client.post<AlertTestBody>('/v1/alerts/test', channel === undefined ? {} : { channel }),
        render: renderTest,
        exitCode: ({ results }) => (results.every(({ delivered }) => delivered) ? EXIT.OK : EXIT.FAILURE),
      }),
    );
}

function renderTest({ results }: AlertTestBody): string {
  const rows = results.map(({ channel, delivered, detail, took_ms }) => [
    channel,
    delivered ? 'delivered' : 'FAILED',
    detail,
    `${took_ms} ms`,
  ]);
  return renderTable(['channel', 'test', 'answer', 'took'], rows, 'no channels');
}

function addChannels(alerts: Command, io: Io): void {
  const verb = addVerb(alerts, {
    usage: 'channels',
    summary: 'Show where alerts go, what waits and what was given up',
    examples: ['alerts channels', 'alerts channels --json'],
  });
  addConnectionOptions(verb).action((_options: Options, command: Command) =>
    show(io, optionsOf(command), {
      ask: (client) => client.get<AlertChannelsBody>('/v1/alerts/channels'),
      render: renderChannels,
    }),
  );
}

function renderChannels({ channels, dead_letters }: AlertChannelsBody): string {
  const instant = (ms: number | null): string => (ms === null ? '-' : formatInstant(ms));
  return [
    renderTable(
      ['channel', 'type', 'state', 'waiting', 'delivered', 'given up', 'last delivered (UTC)', 'last failure'],
      channels.map((channel) => [
        channel.name,
        channel.type,
        channel.is_silent ? 'SILENT' : channel.failing_since_ms === null ? 'ok' : 'failing',
        channel.waiting + (channel.sending === null ? 0 : 1),
        channel.delivered,
        channel.dropped,
        instant(channel.last_delivered_ms),
        channel.failing_since_ms === null ? null : channel.last_failure,
      ]),
      'no alert routes are in force',
    ),
    renderTable(
      ['given up (UTC)', 'channel', 'message', 'alerts', 'why'],
      dead_letters.map((letter) => [
        formatInstant(letter.at_ms),
        letter.channel,
        letter.message_id,
        letter.alerts.join(', '),
        letter.reason,
      ]),
      'nothing was given up',
    ),
  ].join('\n');
}

function addReload(alerts: Command, io: Io): void {
  const verb = addVerb(alerts, {
    usage: 'reload',
    summary: 'Accept the pending, looser alert routes by their hash; without a hash, say what is pending',
    examples: ['alerts reload', `alerts reload ${'0123456789abcdef'.repeat(4)}`],
  });
  addConnectionOptions(verb)
    .argument('[hash]', 'hash of the pending alert routes, from `status`', parseHash)
    .action((hash: string | undefined, _options: Options, command: Command) =>
      show(io, optionsOf(command), {
        ask: (client) => client.post<ReloadBody>('/v1/alerts/routes/reload', hash === undefined ? {} : { hash }),
        render: describe,
        exitCode: ({ status }) => (status === 'pending' && hash !== undefined ? EXIT.REFUSED : EXIT.OK),
      }),
    );
}

/** The whole hash, so that an operator accepts exactly what they looked at. */
function parseHash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('A hash has 64 hex digits; `./holdfast status` shows that of the pending routes.');
}

function describe(body: ReloadBody): string {
  if (body.status === 'in_force') return `alert routes ${body.hash} are in force\n`;
  const looser = body.looser.map((key) => `  looser: ${plain(key)}\n`).join('');
  const from = body.not_before_ms === null ? '' : `not before ${formatInstant(body.not_before_ms)} UTC\n`;
  const how = body.file_differs ? FILE_DIFFERS.routes : `accept them: ./holdfast alerts reload ${body.hash}`;
  return `alert routes ${body.hash} wait for an operator\n${looser}${from}${how}\n`;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(EXIT.USAGE, `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}

interface AlertsOptions extends ConnectionOptions {
  readonly limit: number;
}

/** `alerts`, below which cli/local/alerts.ts puts what is about their delivery. */
function addAlertList(program: Command, io: Io): Command {
  const verb = addVerb(program, {
    usage: 'alerts',
    summary: 'List the last alerts; older ones: `audit export --kind alert`',
    examples: ['alerts', 'alerts --limit 100 --json'],
  });
  return addConnectionOptions(verb)
    .option('--limit <n>', 'how many, at most 1000', parseCount, 20)
    .action((options: AlertsOptions) =>
      show(io, options, {
        ask: (client) => client.get<AlertsBody>(`/v1/alerts?limit=${options.limit}`),
        render: ({ alerts }) => {
          const rows = alerts.map(({ at_ms, code, symbol, detail }) => [formatInstant(at_ms), code, symbol, detail]);
          return renderTable(['time (UTC)', 'alert', 'symbol', 'what happened'], rows, 'no alerts');
        },
      }),
    );
}
