import { type Command, InvalidArgumentError, Option } from 'commander';
import { readVenueEnv } from '../../../config/config.ts';
import type { Environment, Flags } from '../../../config/settings.ts';
import { profileOf, VENUES, type VenueName } from '../../../core/venues.ts';
import type { ApiKeys } from '../../../evaluation/market/fetch/client.ts';
import type { FetchReport } from '../../../evaluation/market/fetch/fetch-market.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { openProgress } from '../../render/progress.ts';
import { addVerb, type Io, parseSymbols, printJson } from '../../verb.ts';
import { requireEvaluationPackages } from './evaluation-packages.ts';

/** As in evaluation/market/fetch. Repeated here so that `--help` need not load it; a test compares the two. */
export const INTERVAL_CHOICES = ['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d'] as const;

interface FetchVerbOptions {
  readonly symbols: readonly string[];
  readonly interval: (typeof INTERVAL_CHOICES)[number];
  readonly from: number;
  readonly to: number;
  readonly out: string;
  readonly baseUrl: string;
  readonly json?: boolean;
}

export function addData(program: Command, io: Io): void {
  const data = program.command('data').description('Market data.');
  const example = 'data fetch --symbols BTCUSDT,ETHUSDT --interval 15m --from 2025-09-01 --to 2025-12-01 --out data';
  data.addHelpText('after', `\nExample:\n  $ ./holdfast ${example}`);
  addVerb(data, {
    usage: 'fetch',
    summary: 'Fetch bars, funding, filters and brackets from Binance; a rerun fetches only what is missing',
    examples: [example],
  })
    .requiredOption('--symbols <list>', 'symbols, separated by commas', parseSymbols)
    .addOption(new Option('--interval <length>', 'length of a bar').choices(INTERVAL_CHOICES).default('15m'))
    .requiredOption('--from <day>', 'first day, UTC; 15 days before it are fetched as warm-up', parseDay)
    .requiredOption('--to <day>', 'day after the last one, UTC', parseDay)
    .requiredOption('--out <dir>', 'folder for the files; pages are kept in its .cache')
    .option('--base-url <url>', 'https, or http on loopback', 'https://fapi.binance.com')
    .action((options: FetchVerbOptions) => fetchData(io, options));
}

function parseDay(text: string): number {
  const ms = /^20\d\d-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse reads 2025-02-30 as a day in March.
  if (Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text)) return ms;
  throw new InvalidArgumentError('Expected a day such as 2025-09-01.');
}

async function fetchData(io: Io, options: FetchVerbOptions): Promise<void> {
  const { symbols, interval, from, to, out } = options;
  if (to <= from) throw new CliError(EXIT.USAGE, '--to must be a later day than --from');
  requireEvaluationPackages('data fetch');
  const [{ parseBaseUrl, venueOfOrigin }, { ExchangeClient }, { FetchError }, { fetchMarket }] = await Promise.all([
    import('../../../evaluation/market/fetch/base-url.ts'),
    import('../../../evaluation/market/fetch/client.ts'),
    import('../../../evaluation/facts/out-folder.ts'),
    import('../../../evaluation/market/fetch/fetch-market.ts'),
  ]);
  const origin = readOrigin(() => parseBaseUrl(options.baseUrl), FetchError);
  const progress = await openProgress(io, 'pages');
  const client = new ExchangeClient({
    origin,
    keys: readKeys(io.env, origin, venueOfOrigin(origin)),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    onWait: (ms, why) => progress.say(`waiting ${Math.ceil(ms / 1000)} s: ${why}`),
  });
  try {
    const job = { symbols, interval, fromMs: from, toMs: to, folder: out, onProgress: progress.show };
    const report = await fetchMarket(client, job);
    progress.end();
    if (options.json === true) printJson(io, { folder: out, ...report });
    else io.out(describe(out, report));
  } finally {
    progress.end();
    await client.close();
  }
}

function readOrigin(parse: () => string, errorClass: new (message: string) => Error): string {
  try {
    return parse();
  } catch (error) {
    if (error instanceof errorClass) throw new CliError(EXIT.USAGE, error.message);
    throw error;
  }
}

/**
 * The API keys of the venue at this origin, if set. Keys of other venues are not read, and no key goes to another host.
 *
 * @throws ConfigError when only half of a pair is set, or a value is no key
 */
function readKeys(env: Environment, origin: string, venue: VenueName | null): ApiKeys | null {
  if (venue === null) return null;
  const prefix = VENUES[venue].keyPrefix;
  const names =
    prefix === null ? /^HOLDFAST_PAPER_(?:KEY|SECRET)$/ : new RegExp(`^${prefix}_API_(?:KEY|SECRET)(?:_FILE)?$`);
  const own = Object.entries(env).filter(([name, value]) => names.test(name) && value !== undefined);
  if (own.length === 0) return null;
  const flags: Flags = {
    HOLDFAST_VENUE: venue,
    ...(profileOf(venue).isSimulated ? { HOLDFAST_PAPER_URL: origin } : {}),
  };
  return readVenueEnv(Object.fromEntries(own), flags).venueKeys;
}

function describe(folder: string, { files, gaps, notes, pages }: FetchReport): string {
  const lines = files.map(({ name, sha256, rows }) => `${name}  ${rows} rows  sha256 ${sha256.slice(0, 16)}…`);
  for (const { symbol, afterOpenMs, missingBars } of gaps) {
    lines.push(`gap: ${symbol} lacks ${missingBars} bars after ${new Date(afterOpenMs).toISOString()}`);
  }
  lines.push(...notes.map((note) => `note: ${note}`));
  lines.push(`${folder}: ${pages.fetched} pages fetched, ${pages.cached} had before`);
  return `${lines.join('\n')}\n`;
}
