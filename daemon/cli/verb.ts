import { type Command, InvalidArgumentError } from 'commander';
import type { Environment } from '../config/settings.ts';
import { parseSince, type Since } from '../contract/schema/since.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Input, output and environment of a verb. */
export interface Io {
  readonly env: Environment;
  out(text: string): void;
  err(text: string): void;
  /** The terminal that `out` goes to; absent: it is none. */
  readonly terminal?: Terminal;
  /** Sets the exit code. */
  exit(code: ExitCode): void;
}

export interface VerbText {
  /** Name and arguments, as commander writes them: `limits [symbol]`. */
  readonly usage: string;
  readonly summary: string;
  /** Command lines that work, without `./holdfast`. */
  readonly examples: readonly string[];
}

/** Adds a verb with its examples in the help, and `--json`. */
export function addVerb(parent: Command, { usage, summary, examples }: VerbText): Command {
  const lines = examples.map((example) => `  $ ./holdfast ${example}`);
  return parent
    .command(usage)
    .summary(summary)
    .description(`${summary}.`)
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.join('\n')}`);
}

/** Options of every verb that talks to a running daemon. */
export interface ConnectionOptions {
  readonly home?: string;
  readonly url?: string;
  readonly socket?: string;
  /** Operators' and monitors' verbs: the address of the settings instead of the operator's socket. */
  readonly tcp?: boolean;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

export function addConnectionOptions(verb: Command): Command {
  return verb
    .option('--url <url>', 'address of the daemon (from HOLDFAST_HOST and HOLDFAST_PORT)')
    .option('--tcp', "HOLDFAST_HOST and HOLDFAST_PORT instead of the operator's socket")
    .option('--socket <path>', 'its unix socket (HOLDFAST_SOCKET)')
    .option('--home <dir>', 'its home folder, with the paper tokens (HOLDFAST_HOME)')
    .option('--token-file <file>', 'file with a bearer token (else HOLDFAST_TOKEN, else the home folder on paper)');
}

/** Settings that name a home or a venue, where options do. */
export function placeFlags({ home, venue }: { readonly home?: string; readonly venue?: string }) {
  return {
    ...(home === undefined ? {} : { HOLDFAST_HOME: home }),
    ...(venue === undefined ? {} : { HOLDFAST_VENUE: venue }),
  };
}

export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** A plain decimal above 0. */
export function parsePositive(text: string): number {
  if (/^\d{1,15}(?:\.\d{1,15})?$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Expected a number above 0.');
}

export function parseNotNegative(text: string): number {
  if (/^\d{1,15}(?:\.\d{1,15})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number, 0 or more.');
}

export function readSince(text: string): Since {
  const since = parseSince(text);
  if (since !== null) return since;
  throw new InvalidArgumentError('Expected 7d, 24h, 30m, a date (2025-10-10) or a time with its zone.');
}

export function parseCount(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number above 0.');
}

/** Worker threads of a verb at most. */
export const MAX_THREADS = 64;

export function upTo(most: number): (text: string) => number {
  return (text) => {
    const count = parseCount(text);
    if (count <= most) return count;
    throw new InvalidArgumentError(`At most ${most}.`);
  };
}

export function parseInteger(text: string): number {
  if (/^(?:0|[1-9]\d{0,9})$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number.');
}

export function parseSymbols(text: string): readonly string[] {
  const symbols = [...new Set(text.split(',').map((symbol) => symbol.trim()))];
  if (symbols.every((symbol) => /^[A-Z0-9]{2,20}$/.test(symbol))) return symbols;
  throw new InvalidArgumentError('Expected symbols such as BTCUSDT,ETHUSDT.');
}
