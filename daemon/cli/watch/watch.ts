import { setTimeout as delay } from 'node:timers/promises';
import { askDaemon } from '../client/show.ts';
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import type { ConnectionOptions, Io } from '../verb.ts';
import { buildFrame, type Line } from './frame.ts';
import { readView, type View } from './view.ts';

/** A screen is read again so often, and once more as soon as the daemon records something. */
const REFRESH_MS = 1000;
/** Records come in bursts; one read for all within this time. */
const SETTLE_MS = 100;
const PLAIN_COLUMNS = 80;
const PLAIN_ROWS = 24;

const LOOKS: { readonly [look in Line['look']]: string } = {
  plain: '',
  head: '\u001b[1m',
  good: '\u001b[1;32m',
  warning: '\u001b[33m',
  bad: '\u001b[1;31m',
  faint: '\u001b[2m',
};

/** What is shown, and what wakes the loop that shows it. */
class Watch {
  readonly #io: Io;
  readonly #options: ConnectionOptions;
  readonly #over = new AbortController();
  #wake: () => void = () => undefined;
  #view: View | null = null;
  #lost: string | null = null;
  #reported = '';

  constructor(io: Io, options: ConnectionOptions) {
    this.#io = io;
    this.#options = options;
  }

  /** Until the reader ends it. @throws CliError if the daemon refuses, or none answers at first */
  async run(): Promise<ExitCode> {
    const { terminal } = this.#io;
    const isDrawn = terminal !== undefined && this.#options.json !== true;
    await this.#refresh();
    const give = isDrawn ? terminal.open(this.#draw, this.#takeKey) : () => undefined;
    const followed = this.#follow();
    try {
      while (!this.#over.signal.aborted) {
        this.#show();
        await this.#pause(REFRESH_MS);
        if (!this.#over.signal.aborted) await this.#refreshOrTell();
      }
    } finally {
      this.#over.abort();
      give();
      await followed;
    }
    return EXIT.OK;
  }

  async #refresh(): Promise<void> {
    // A new client for each read: the entrance of a daemon that restarted may be another one.
    this.#view = await askDaemon(this.#io, this.#options, 'operator', readView);
    this.#lost = null;
  }

  async #refreshOrTell(): Promise<void> {
    try {
      await this.#refresh();
    } catch (error) {
      if (!mayPass(error)) throw error;
      this.#lost ??= `NO ANSWER since ${new Date().toISOString().slice(11, 19)} UTC; trying again. What follows is old.`;
    }
  }

  /** Wakes the loop when the daemon records something. What it is, the next read tells. */
  async #follow(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await askDaemon(this.#io, this.#options, 'operator', async (client) => {
          for await (const text of client.stream('/v1/events?view=brief', null, signal)) {
            if (text.includes('data: ')) this.#wake();
          }
        });
      } catch {
        // The reads tell what is wrong.
      }
      if (!signal.aborted) await pause(REFRESH_MS, signal);
    }
  }

  async #pause(ms: number): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(SETTLE_MS, this.#over.signal);
    if (!woken.signal.aborted) await pause(ms - SETTLE_MS, AbortSignal.any([woken.signal, this.#over.signal]));
  }

  #show(): void {
    if (this.#options.json === true) this.#io.out(`${JSON.stringify(this.#view)}\n`);
    else if (this.#io.terminal === undefined) this.#tell();
    else this.#draw();
  }

  readonly #draw = (): void => {
    const { terminal } = this.#io;
    if (terminal === undefined || this.#view === null) return;
    const { columns, rows } = terminal.size();
    const lines = buildFrame(this.#view, columns, rows, this.#lost);
    this.#io.out(`\u001b[H${lines.map((line) => paint(line, terminal)).join('\r\n')}\u001b[J`);
  };

  /** Without a terminal: a line whenever something changes. */
  #tell(): void {
    if (this.#view === null) return;
    const line = this.#lost ?? summarise(this.#view);
    if (line !== this.#reported) this.#io.out(`${line}\n`);
    this.#reported = line;
  }

  readonly #takeKey = (key: string): void => {
    // Ctrl-C and Ctrl-D come as keys while the screen is taken.
    if (key === 'q' || key === '\u0003' || key === '\u0004' || key === '\u001b') this.#over.abort();
  };
}

export async function watch(io: Io, options: ConnectionOptions): Promise<ExitCode> {
  return new Watch(io, options).run();
}

/** One screen, as text. */
export async function showOnce(io: Io, options: ConnectionOptions): Promise<ExitCode> {
  const view = await askDaemon(io, options, 'operator', readView);
  if (options.json === true) io.out(`${JSON.stringify(view, null, 2)}\n`);
  else {
    const { columns, rows } = io.terminal?.size() ?? { columns: PLAIN_COLUMNS, rows: PLAIN_ROWS };
    // The last row stays free for the prompt that follows.
    const texts = buildFrame(view, columns, rows - 1, null).map(({ text }) => text);
    io.out(`${texts.join('\n').trimEnd()}\n`);
  }
  return view.readiness.ready ? EXIT.OK : EXIT.NOT_READY;
}

function paint({ text, look }: Line, { hasColours }: Terminal): string {
  const colour = hasColours ? LOOKS[look] : '';
  return `${colour}${text}${colour === '' ? '' : '\u001b[0m'}\u001b[K`;
}

function summarise({ readiness, trading_state, positions, open_orders, decisions, alerts }: View): string {
  const [last] = decisions;
  return [
    `${readiness.venue} ${trading_state.state} ${readiness.ready ? 'ready' : 'not ready'}`,
    `${positions.length} positions`,
    `${open_orders.length} open orders`,
    `${alerts.filter(({ acknowledged }) => acknowledged === null).length} alerts`,
    last === undefined ? 'no decisions' : `last decision ${last.decision_id} ${last.decision}`,
  ].join(', ');
}

function mayPass(error: unknown): boolean {
  return error instanceof CliError && (error.exitCode === EXIT.UNREACHABLE || error.exitCode === EXIT.NOT_READY);
}

/** Ends early without a word where the signal comes. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}
