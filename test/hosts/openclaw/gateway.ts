import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface GatewayOptions {
  /** Folder of the installed package `openclaw`. */
  readonly openclaw: string;
  /** Base URL of the model. */
  readonly modelUrl: string;
  /** Base URL of a search provider that speaks Ollama's interface. */
  readonly searchUrl: string;
  /** Folders of plugins, by id, with their settings. */
  readonly plugins: { readonly [id: string]: { readonly folder: string; readonly config?: object } };
  readonly tools: object;
}
export interface Invoked {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly body: any;
}

const START_MS = 120_000;

/** A real OpenClaw gateway on loopback, with a state of its own, in a process of its own. */
export class Gateway {
  readonly port: number;
  readonly #folder: string;
  readonly #token: string;
  readonly #child: ChildProcess;
  #log = '';

  private constructor(port: number, folder: string, token: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#token = token;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
  }

  static async start(options: GatewayOptions): Promise<Gateway> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-openclaw-'));
    const token = randomUUID();
    const port = await findPort();
    const state = join(folder, 'state');
    mkdirSync(state);
    writeFileSync(join(folder, 'openclaw.json'), JSON.stringify(describe(options, port, token)));
    const env = {
      PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
      HOME: state,
      OPENCLAW_STATE_DIR: state,
      OPENCLAW_CONFIG_PATH: join(folder, 'openclaw.json'),
    };
    const args = [
      join(options.openclaw, 'openclaw.mjs'),
      'gateway',
      'run',
      '--port',
      String(port),
      '--bind',
      'loopback',
    ];
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const gateway = new Gateway(port, folder, token, child);
    try {
      await gateway.#untilReady();
    } catch (error) {
      await gateway.close();
      throw error;
    }
    return gateway;
  }

  get log(): string {
    return this.#log;
  }

  /** One tool, without a model. */
  async invoke(tool: string, args: object, more: object = {}): Promise<Invoked> {
    return this.#post('/tools/invoke', { tool, args, ...more });
  }

  /** One turn of the agent, in a session of its own unless it is named. */
  async turn(text: string, session: string = randomUUID()): Promise<Invoked> {
    const messages = [{ role: 'user', content: text }];
    return this.#post('/v1/chat/completions', { model: 'openclaw', messages, user: session });
  }

  async waitForLog(pattern: RegExp, withinMs = 30_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!pattern.test(this.#log)) {
      if (performance.now() > deadline) throw new Error(`the log says nothing like ${pattern}:\n${this.#log}`);
      await sleep(100);
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = new Promise((done) => this.#child.once('exit', done));
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #untilReady(): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (performance.now() < deadline && this.#child.exitCode === null) {
      const answer = await this.invoke('session_status', {}).catch(() => null);
      if (answer !== null && answer.status < 500) return;
      await sleep(250);
    }
    throw new Error(`the gateway did not start:\n${this.#log}`);
  }

  async #post(path: string, body: object): Promise<Invoked> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(120_000),
    });
    const text = await response.text();
    try {
      return { status: response.status, body: JSON.parse(text) };
    } catch {
      return { status: response.status, body: text };
    }
  }
}

function describe({ modelUrl, plugins, searchUrl, tools }: GatewayOptions, port: number, token: string): object {
  const model = { id: 'fake', name: 'fake', contextWindow: 128_000, maxTokens: 4_096 };
  const entries = Object.entries(plugins).map(([id, { config = {} }]) => [id, { enabled: true, config }]);
  return {
    gateway: {
      mode: 'local',
      port,
      bind: 'loopback',
      auth: { mode: 'token', token },
      http: { endpoints: { chatCompletions: { enabled: true } } },
    },
    plugins: {
      allow: [...Object.keys(plugins), 'ollama'],
      load: { paths: Object.values(plugins).map(({ folder }) => folder) },
      entries: { ...Object.fromEntries(entries), ollama: { enabled: true } },
    },
    tools,
    models: {
      providers: {
        fake: { baseUrl: modelUrl, apiKey: 'none', api: 'openai-completions', models: [model] },
        ollama: { baseUrl: searchUrl, apiKey: 'none', api: 'ollama', models: [] },
      },
    },
    agents: { defaults: { model: { primary: 'fake/fake' } } },
  };
}

function findPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
