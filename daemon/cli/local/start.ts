import type { Command } from 'commander';
import { readEnv } from '../../config/config.ts';
import { type Flags, type SettingName, START_FLAGS } from '../../config/settings.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { addVerb, type Io, printJson } from '../verb.ts';

/** Ctrl-C ends the process within 2 s, whatever still hangs. A second one ends it at once. */
const CLOSE_WITHIN_MS = 1900;
/** What comes after a checkpoint at a stop, the signed head and the ledger's end, has to fit as well. */
export const CHECKPOINT_WITHIN_MS = 1_000;
/** How long a daemon whose ledger has failed may take to cancel openings; the next process does so with a record. */
const FAILED_WITHIN_MS = 5_000;
/** A signal repeated within this time counts once: npm forwards a Ctrl-C that the terminal has already sent. */
const SAME_SIGNAL_MS = 500;

type StartOptions = Readonly<Record<string, string | boolean | undefined>>;

export function addStart(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'start',
    summary: 'Start the daemon; each flag corresponds to a variable (--port: HOLDFAST_PORT) and overrides it',
    examples: ['start', 'start --port 7500 --seed 7', 'start --venue binance-demo --policy policies/strict.yaml'],
  });
  for (const { flag, setting } of START_FLAGS) {
    verb.option(setting.value === null ? flag : `${flag} <${setting.value.toLowerCase()}>`, setting.text);
  }
  verb.action(async (_options: StartOptions, command: Command) => {
    const options = command.opts<StartOptions>();
    const { config, secrets } = readEnv(io.env, readFlags(command, options));
    const stop = new AbortController();
    const shutdown = watchSignals(io, stop);
    try {
      const [{ startDaemon }, { createLogger }] = await Promise.all([
        import('../../main.ts'),
        import('../../http/logging.ts'),
      ]);
      const { alerts, simToken, venueKeys } = secrets;
      const known = [venueKeys.apiKey, venueKeys.secret, simToken ?? '', ...Object.values(alerts)];
      // Short secrets are the well-known keys of the paper exchange: redacting them would only garble the log.
      const log = createLogger({ level: config.logLevel, secrets: known.filter((secret) => secret.length >= 16) });
      // Shown at once: an operator must be able to halt while the venue is silent.
      const say = (text: string): void => {
        if (options.json !== true) io.out(text);
      };
      const daemon = await startDaemon(config, secrets, {
        log,
        signal: stop.signal,
        checkpointWithinMs: CHECKPOINT_WITHIN_MS,
        onListening: ({ url, consoleAddress, remoteConsole }) => {
          const local = consoleAddress === null ? '' : `Console: ${consoleAddress}\n`;
          const remote =
            remoteConsole === null
              ? ''
              : `Console for phones: ${remoteConsole.address}, by a proxy to ${remoteConsole.proxied}\n`;
          say(`Holdfast (${config.venue}) listens on ${url}\n${local}${remote}Policy: ${config.policyPath}\n`);
        },
        onLedgerFailure: (canceled) => shutdown.fail(canceled),
        onVenueSilent: (reason) =>
          say(`Waiting for ${config.venue} to answer (${reason}); until then only halt, reduce and flatten act.\n`),
      });
      shutdown.closeWith(() => daemon.close());
      if (options.json === true) {
        printJson(io, {
          url: daemon.url,
          console: daemon.consoleAddress,
          remote_console: daemon.remoteConsole,
          tokens_folder: daemon.tokensFolder,
          curl: daemon.curlLine,
        });
        return;
      }
      if (daemon.curlLine === null) io.out('Tokens: create one with `./holdfast token create`\n');
      else io.out(`Tokens: ${daemon.tokensFolder}\n\nPlace a paper order:\n${daemon.curlLine}\n`);
    } catch (error) {
      shutdown.forget();
      if (!stop.signal.aborted) throw error;
    }
  });
}

/** Flags by the variable that each sets. */
function readFlags(command: Command, options: StartOptions): Flags {
  const flags: Partial<Record<SettingName, string>> = {};
  for (const { name, flag } of START_FLAGS) {
    const key = command.options.find((option) => option.long === flag)?.attributeName();
    const value = key === undefined ? undefined : options[key];
    if (typeof value === 'string') flags[name] = value;
    else if (value === true) flags[name] = '1';
  }
  return flags;
}

interface Shutdown {
  /** Sets what a signal runs; runs it at once if a signal came before. */
  closeWith(close: () => Promise<void>): void;
  /** Ends the process with a code on which a supervisor starts another one, once `done` has resolved or took too long. */
  fail(done: Promise<void>): void;
  forget(): void;
}

/** The first signal closes in order, the second ends the process at once. */
function watchSignals(io: Io, stop: AbortController): Shutdown {
  let close: (() => Promise<void>) | null = null;
  let first: { readonly signal: NodeJS.Signals; readonly atMs: number } | null = null;
  let code: ExitCode = EXIT.OK;
  const onSignal = (signal: NodeJS.Signals) => {
    if (first?.signal === signal && performance.now() - first.atMs < SAME_SIGNAL_MS) return;
    if (stop.signal.aborted) process.exit(EXIT.FAILURE);
    first = { signal, atMs: performance.now() };
    io.err('stopping; press Ctrl-C again to end at once\n');
    setTimeout(() => {
      io.err('not everything stopped in time\n');
      process.exit(EXIT.FAILURE);
    }, CLOSE_WITHIN_MS).unref();
    stop.abort();
    if (close !== null) void end(close);
  };
  const end = async (run: () => Promise<void>) => {
    await run();
    process.exit(code);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    closeWith: (run) => {
      close = run;
      if (stop.signal.aborted) void end(run);
    },
    fail: (done) => {
      code = EXIT.FAILURE;
      // RISK: with another code nobody starts a daemon again that has positions to protect.
      process.exitCode = code;
      io.err('the ledger cannot record: this process ends\n');
      setTimeout(() => process.exit(code), FAILED_WITHIN_MS);
      void done.then(() => end(close ?? (() => Promise.resolve())));
    },
    forget: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
