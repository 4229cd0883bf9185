import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { Books } from './evidence.ts';
import { MARKS } from './policy.ts';

const run = promisify(execFile);
const MAIN = join(findPackageFolder(), 'scripts', 'holdfast.mjs');
const SIM_TOKEN = 'campaign-control-token-000';
/** Longest wait for anything: recvWindow and its allowance take 6 s, and the machine may be busy. */
export const WITHIN_MS = 60_000;
/** A start takes two seconds of a core, of which a busy machine may give little. */
const START_WITHIN_MS = 300_000;

const children = new Set<ChildProcess>();
// Whatever ends this process, its children must not outlive it.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** Polls until it holds; throws with `what` otherwise. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = WITHIN_MS,
  everyMs = 20,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
    await delay(everyMs);
  }
}

/** An exchange that is disconnected refuses its own control, too. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 100; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0) throw error;
      await delay(50);
    }
  }
}

interface Launched {
  readonly child: ChildProcess;
  readonly json: { readonly url: string };
}

/** Starts a child that says where it listens with one JSON object; throws with its errors when it ends instead. */
async function launch(command: string, args: readonly string[], env: Record<string, string>): Promise<Launched> {
  const child = spawn(command, [...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let [output, errors] = ['', ''];
  child.stdout?.on('data', (chunk) => (output += String(chunk)));
  child.stderr?.on('data', (chunk) => (errors += String(chunk)));
  await until(
    'the process says where it listens',
    () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        children.delete(child);
        throw new LaunchError(child.exitCode, `${errors}${output}`.trim());
      }
      // A start that is refused says why in JSON as well, and ends.
      return output.trimEnd().endsWith('}') && 'url' in (JSON.parse(output) as object);
    },
    START_WITHIN_MS,
  );
  return { child, json: JSON.parse(output) as Launched['json'] };
}

/** A process that ended by itself instead of serving. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  readonly exitCode: number | null;
  constructor(exitCode: number | null, text: string) {
    super(text);
    this.exitCode = exitCode;
  }
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill(signal);
  await ended;
}

/** The standalone exchange as a separate process. With `statePath` it can be killed and started again. */
export class ExchangeProcess {
  url = '';
  #child: ChildProcess | null = null;
  readonly #args: readonly string[];

  constructor(seed: number, statePath: string | null = null) {
    const state = statePath === null ? [] : ['--state', statePath];
    this.#args = ['--seed', String(seed), '--no-limits', '--json', '--sim-token', SIM_TOKEN, ...state];
  }

  async start(): Promise<void> {
    // The same address again: the daemon knows no other.
    const port = this.url === '' ? '0' : new URL(this.url).port;
    const { child, json } = await launch(process.execPath, [MAIN, 'exchange-sim', '--port', port, ...this.#args], {});
    this.#child = child;
    this.url = json.url;
    // Prices stand still: what is compared with a cap is then worth the same before and after a kill.
    for (const [symbol, price] of Object.entries(MARKS)) await this.control('set-mark', { symbol, price });
  }

  async kill(): Promise<void> {
    if (this.#child !== null) await kill(this.#child, 'SIGKILL');
    this.#child = null;
  }

  async control<T = unknown>(path: string, body?: object): Promise<T> {
    const ask = (): Promise<Response> =>
      fetch(`${this.url}/sim/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { Authorization: `Bearer ${SIM_TOKEN}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const response = await patiently(ask);
    const answer: unknown = await response.json();
    if (response.status !== 200) throw new Error(`/sim/${path}: ${JSON.stringify(answer)}`);
    return answer as T;
  }
  books(): Promise<Books> {
    return this.control<Books>('books');
  }
}

export interface DaemonOptions {
  readonly exchangeUrl: string;
  readonly policy: string;
  readonly home?: string;
  /** Put before the command, as `prlimit --fsize=N` is. */
  readonly wrap?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The daemon as a separate process, on one home, through any number of lives. */
export class DaemonProcess {
  readonly home: string;
  url = '';
  #child: ChildProcess | null = null;
  #agent = new Agent();
  readonly #options: DaemonOptions;
  readonly #tokens = new Map<string, string>();

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.home = options.home ?? mkdtempSync(join(tmpdir(), 'holdfast-campaign-'));
    writeFileSync(this.#policyPath, options.policy);
  }
  get #policyPath(): string {
    return join(this.home, 'policy.yaml');
  }
  get ledgerPath(): string {
    return join(this.home, 'paper', 'ledger.db');
  }
  get pid(): number {
    return this.#child?.pid ?? 0;
  }
  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }
  get #env(): Record<string, string> {
    return {
      HOLDFAST_HOME: this.home,
      HOLDFAST_PORT: '0',
      HOLDFAST_POLICY: this.#policyPath,
      HOLDFAST_PAPER_URL: this.#options.exchangeUrl,
      HOLDFAST_LOG_LEVEL: 'fatal',
      ...this.#options.env,
    };
  }

  /** Starts on the same home. @throws LaunchError when it refuses */
  async launch(wrap: readonly string[] = this.#options.wrap ?? []): Promise<void> {
    const { nodeArgs = [] } = this.#options;
    const [command = process.execPath, ...args] = [...wrap, process.execPath, ...nodeArgs, MAIN, 'start', '--json'];
    const { child, json } = await launch(command, args, this.#env);
    this.#child = child;
    this.url = json.url;
    this.#tokens.clear();
  }
  async start(): Promise<void> {
    await this.launch();
    await this.untilReady();
  }
  async untilReady(): Promise<void> {
    await until('it is ready', async () => (await this.call('GET', '/readyz')).status === 200, START_WITHIN_MS);
  }

  /** SIGKILL: nothing is closed, nothing is said. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child !== null) await kill(this.#child, signal);
    this.#child = null;
    await this.#agent.destroy();
    this.#agent = new Agent();
  }
  async close(): Promise<void> {
    await this.kill();
    if (this.#options.home === undefined) rmSync(this.home, { recursive: true, force: true });
  }

  token(role: string): string {
    const known = this.#tokens.get(role);
    if (known !== undefined) return known;
    const text = readFileSync(join(this.home, 'tokens', `${role}.token`), 'utf8').trim();
    this.#tokens.set(role, text);
    return text;
  }
  async call<T>(method: string, path: string, body?: object, role = 'agent'): Promise<Answer<T>> {
    const answer = await request(`${this.url}${path}`, {
      method: method as 'GET' | 'POST' | 'PUT' | 'DELETE',
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${this.token(role)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: (text === '' ? null : JSON.parse(text)) as T };
  }
  operator<T>(method: string, path: string, body?: object): Promise<Answer<T>> {
    return this.call(method, path, body, 'operator');
  }

  /** A verb of the command line on this home; never throws for its exit code. */
  async verb(...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
    const env = { PATH: process.env.PATH ?? '', ...this.#env };
    try {
      const { stdout, stderr } = await run(process.execPath, [MAIN, ...args], { env });
      return { code: 0, text: `${stdout}${stderr}` };
    } catch (error) {
      const { code, stderr, stdout } = error as { code?: number; stdout?: string; stderr?: string };
      return { code: typeof code === 'number' ? code : 1, text: `${stdout ?? ''}${stderr ?? ''}` };
    }
  }
}

/** The daemon knows what became of every order. */
export async function untilKnown(daemon: DaemonProcess): Promise<void> {
  const unproven = new Set(['pending_send', 'in_flight', 'unknown']);
  const isKnown = async (): Promise<boolean> => {
    const { body } = await daemon.operator<{ orders: { status: string }[] }>('GET', '/v1/orders?open=true');
    return !body.orders.some((order) => unproven.has(order.status));
  };
  await until('every order is known', isKnown, WITHIN_MS, 100);
}
