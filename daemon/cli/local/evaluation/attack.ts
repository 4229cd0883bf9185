import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readClientEnv, readEnv } from '../../../config/config.ts';
import type { IntendedPolicySpec } from '../../../core/policy.ts';
import { profileOf, SIMULATED_VENUE } from '../../../core/venues.ts';
import type { AttackReport } from '../../../evaluation/conformance/report.ts';
import type { ExecutorClient } from '../../../evaluation/conformance/under-test/executor.ts';
import { messageOf } from '../../../ledger/errors.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { addVerb, type Io, parseInteger, placeFlags, printJson, upTo } from '../../verb.ts';
import { readPolicyText } from '../policy/policy-file.ts';

interface AttackVerbOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  readonly rate: number;
  readonly url?: string;
  readonly socket?: string;
  readonly home?: string;
  readonly agentTokenFile?: readonly string[];
  readonly operatorTokenFile?: string;
  readonly exchangeUrl?: string;
  readonly simTokenFile?: string;
  readonly policy?: string;
  readonly selfContained?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}
const MAX_SECONDS = 600;
const MAX_RATE = 200;
const MAX_CLIENTS = 64;

export function addAttack(program: Command, io: Io): void {
  addVerb(program, {
    usage: 'attack',
    summary:
      'Attack an executor on the simulated exchange and judge it by the exchange; exits with 5 if an attack gets through',
    examples: [
      'attack --self-contained --seconds 10',
      'attack --seconds 20 --exchange-url http://127.0.0.1:8800 --json',
      'attack --url http://127.0.0.1:9000 --exchange-url http://127.0.0.1:8800 --agent-token-file a.token --sim-token-file sim.token --policy policies/default.yaml',
    ],
  })
    .option('--seconds <n>', `how long, 1 to ${MAX_SECONDS}`, upTo(MAX_SECONDS), 20)
    .option('--seed <n>', "seed of the clients' attempts", parseInteger, 1)
    .option(
      '--clients <n>',
      `clients at once, 2 to ${MAX_CLIENTS}; a third of them are legitimate`,
      upTo(MAX_CLIENTS),
      10,
    )
    .option('--rate <n>', `requests a second at most, up to ${MAX_RATE}`, upTo(MAX_RATE), 150)
    .option('--self-contained', 'start a paper daemon with its own home, attack it, stop it')
    .option('--url <url>', 'address of the executor (from HOLDFAST_HOST and HOLDFAST_PORT)')
    .option('--socket <path>', 'its unix socket (HOLDFAST_SOCKET)')
    .option('--home <dir>', 'home folder of the daemon, with the paper tokens (HOLDFAST_HOME)')
    .option('--agent-token-file <file...>', "agents' tokens, the first for the legitimate clients (tokens/agent.token)")
    .option('--operator-token-file <file>', 'to read the policy and test the halt (tokens/operator.token)')
    .option('--exchange-url <url>', 'the simulated exchange that the executor trades on (HOLDFAST_PAPER_URL)')
    .option('--sim-token-file <file>', 'its control token (tokens/sim.token)')
    .option(
      '--policy <file>',
      'policy to judge the executor by (default: the one it declares); with --self-contained the one it runs',
    )
    .option('--out <file>', 'also write the report there as JSON')
    .action(async (options: AttackVerbOptions) => {
      const report = options.selfContained === true ? await attackOwn(io, options) : await attackRunning(io, options);
      const body = { inputs: describeInputs(options), ...report };
      if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(body, null, 2)}\n`);
      if (options.json === true) printJson(io, body);
      else io.out(await renderReport(report));
      io.exit(report.passed ? EXIT.OK : EXIT.VERIFICATION);
    });
}

function describeInputs({ seconds, seed, clients, rate, selfContained }: AttackVerbOptions): object {
  return { seconds, seed, clients, requests_per_second: rate, self_contained: selfContained === true };
}

async function attackRunning(io: Io, options: AttackVerbOptions): Promise<AttackReport> {
  const { assignClients } = await import('../../../evaluation/conformance/under-test/executor.ts');
  const config = readClientEnv(io.env, {
    ...placeFlags(options),
    ...(options.socket === undefined ? {} : { HOLDFAST_SOCKET: options.socket }),
  });
  if (!profileOf(config.venue).isSimulated)
    throw new CliError(EXIT.USAGE, `Only an executor on venue ${SIMULATED_VENUE} can be attacked.`);
  const tokenFile = (role: string): string => join(config.home, 'tokens', `${role}.token`);
  const agentFiles = options.agentTokenFile ?? [tokenFile('agent')];
  const tokens = agentFiles.map((file, index) => ({ agent: `agent-${index + 1}`, token: readTokenFile(file) }));
  const operatorFile = options.operatorTokenFile ?? tokenFile('operator');
  // The home may belong to another executor, whose operator token must not go to a stranger.
  const isOwnHome = options.url === undefined || options.operatorTokenFile !== undefined;
  const { listen } = config;
  const isSocket = options.url === undefined && listen.kind === 'socket';
  return attack(io, options, {
    url: options.url ?? (listen.kind === 'tcp' ? `http://${listen.host}:${listen.port}` : 'http://localhost'),
    socketPath: isSocket ? listen.path : null,
    operatorToken: isOwnHome && existsSync(operatorFile) ? readTokenFile(operatorFile) : null,
    exchangeUrl: findExchange(io, options, config.home),
    simToken: readTokenFile(options.simTokenFile ?? tokenFile('sim')),
    ...assignClients(options.clients, tokens.slice(0, 1), tokens.length > 1 ? tokens.slice(1) : tokens),
  });
}

/** A daemon that started its own exchange leaves the address in its home. */
function findExchange(io: Io, { exchangeUrl }: AttackVerbOptions, home: string): string {
  const left = join(home, SIMULATED_VENUE, 'exchange.url');
  const url = exchangeUrl ?? io.env.HOLDFAST_PAPER_URL ?? (existsSync(left) ? readFileSync(left, 'utf8').trim() : null);
  if (url !== null && URL.canParse(url)) return url;
  throw new CliError(
    EXIT.USAGE,
    'The address of the simulated exchange is unknown: give --exchange-url. Start it with `./holdfast exchange-sim --port 8800` and the daemon with --paper-url http://127.0.0.1:8800, or attack with --self-contained.',
  );
}

function readTokenFile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch {
    throw new CliError(EXIT.NOT_PERMITTED, `The token file ${file} cannot be read.`);
  }
  if (/^[\x21-\x7e]{1,512}$/.test(text)) return text;
  throw new CliError(EXIT.USAGE, `${file} does not hold a token.`);
}

interface Target {
  readonly url: string;
  readonly socketPath: string | null;
  readonly operatorToken: string | null;
  readonly exchangeUrl: string;
  readonly simToken: string;
  readonly legitimate: readonly ExecutorClient[];
  readonly attackers: readonly ExecutorClient[];
}

async function attack(io: Io, options: AttackVerbOptions, target: Target): Promise<AttackReport> {
  const [{ createHttpExecutor }, { createExchangeClient }, { runAttack }, { buildReport }] = await Promise.all([
    import('../../../evaluation/conformance/under-test/http-executor.ts'),
    import('../../../evaluation/conformance/under-test/exchange-client.ts'),
    import('../../../evaluation/conformance/run.ts'),
    import('../../../evaluation/conformance/report.ts'),
  ]);
  const executor = createHttpExecutor(target);
  const exchange = createExchangeClient(target.exchangeUrl, target.simToken);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const declared = options.policy === undefined ? await executor.readPolicy() : await readPolicy(options.policy);
    if (declared === null)
      throw new CliError(
        EXIT.USAGE,
        'There is no policy to judge the executor by: give --policy FILE or an operator token.',
      );
    if (options.json !== true) io.err(`attacking ${executor.name} for ${options.seconds} s\n`);
    const { legitimate, attackers } = target;
    const { seconds, seed, rate: requestsPerSecond } = options;
    const plan = { executor, exchange, spec: declared, legitimate, attackers, seconds, seed, requestsPerSecond };
    return buildReport(await runAttack({ ...plan, signal: stop.signal }));
  } catch (error) {
    throw error instanceof CliError ? error : new CliError(exitCodeOf(error), messageOf(error));
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await Promise.all([executor.close(), exchange.close()]);
  }
}

function exitCodeOf(error: unknown) {
  if (error instanceof Error && error.name === 'NotActiveError') return EXIT.NOT_READY;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^(?:ECONN|ENOENT|UND_ERR)/.test(code) ? EXIT.UNREACHABLE : EXIT.FAILURE;
}
async function readPolicy(file: string): Promise<IntendedPolicySpec> {
  const { parsePolicy } = await import('../../../policy/parse.ts');
  const parsed = parsePolicy(await readPolicyText(file), file);
  if (parsed.ok) return parsed.policy.spec;
  const list = parsed.violations.map(({ path, message }) => `\n  ${path}: ${message}`).join('');
  throw new CliError(EXIT.USAGE, `${file} is not a valid policy:${list}`);
}

/** A complete daemon in this process, with a home that is removed afterwards. */
async function attackOwn(io: Io, options: AttackVerbOptions): Promise<AttackReport> {
  const [{ startDaemon }, { createLogger }, { assignClients }] = await Promise.all([
    import('../../../main.ts'),
    import('../../../http/logging.ts'),
    import('../../../evaluation/conformance/under-test/executor.ts'),
  ]);
  const home = mkdtempSync(join(tmpdir(), 'holdfast-attack-'));
  const { config, secrets } = readEnv({
    HOLDFAST_HOME: home,
    HOLDFAST_HEAD_FILE: join(home, 'head'),
    HOLDFAST_PORT: '0',
    HOLDFAST_SEED: String(options.seed),
    HOLDFAST_LOG_LEVEL: 'silent',
    ...(options.policy === undefined ? {} : { HOLDFAST_POLICY: options.policy }),
  });
  const stop = new AbortController();
  try {
    const log = createLogger({ level: config.logLevel, secrets: [] });
    const daemon = await startDaemon(config, secrets, { log, signal: stop.signal });
    try {
      const { exchange, ledger } = daemon;
      if (exchange === null) throw new Error('the daemon has no exchange of its own');
      const token = (agent: string) => ({
        agent,
        token: ledger.tokens.createToken({ role: 'agent', name: agent, agent }).secret,
      });
      const legitimate = [token('honest-1'), token('honest-2')];
      // Half of them have taken an agent over; the others find its symbols held.
      const attackers = [...legitimate, ...['mallory', 'mallet'].map(token)];
      return await attack(io, options, {
        url: daemon.url,
        socketPath: null,
        operatorToken: readTokenFile(join(daemon.tokensFolder, 'operator.token')),
        exchangeUrl: exchange.url,
        simToken: exchange.simToken,
        ...assignClients(options.clients, legitimate, attackers),
      });
    } finally {
      await daemon.close();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function renderReport(report: AttackReport): Promise<string> {
  const [{ formatNumber, renderFields, renderTable }, { buildFamilyRows, buildSummary, FAMILY_COLUMNS }] =
    await Promise.all([import('../../render/tables.ts'), import('../../../evaluation/conformance/report.ts')]);
  return [
    renderTable(FAMILY_COLUMNS, buildFamilyRows(report, formatNumber), 'no attacks'),
    renderFields(buildSummary(report, formatNumber)),
    report.failures.map((failure) => `${failure}\n`).join(''),
  ].join('\n');
}
