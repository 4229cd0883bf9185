import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallVerdict, GatewayContext, HostLogger, HostTool, ServiceContext, ToolCallEvent } from './host.ts';
import type { SharedState } from './shared-state.ts';

export const CANARY = 'holdfast_canary';
const ATTEMPTS = 20;
const PAUSE_MS = 500;

/**
 * A tool that does nothing and that our own hook always blocks. It is called after each start of the gateway, over the
 * gateway's own door: hooks of plugins have stopped firing after an upgrade without a word (openclaw#91918).
 */
export class Canary {
  readonly #state: SharedState['canary'];
  readonly #logger: HostLogger;
  readonly #env: NodeJS.ProcessEnv;
  #health: ServiceContext['serviceHealth'];

  constructor({ canary }: Pick<SharedState, 'canary'>, logger: HostLogger, env: NodeJS.ProcessEnv = process.env) {
    this.#state = canary;
    this.#logger = logger;
    this.#env = env;
  }

  useHealth({ serviceHealth }: ServiceContext): void {
    this.#health = serviceHealth;
  }

  tool(): HostTool {
    return {
      name: CANARY,
      label: 'Holdfast canary',
      description: "Does nothing. Holdfast's hook blocks it; where it runs, the hook does not fire.",
      parameters: { type: 'object', properties: {}, additionalProperties: true },
      execute: async () => {
        const error = 'the before_tool_call hook of the Holdfast plugin does not fire in this gateway';
        this.#reportSilence(error);
        return { content: [{ type: 'text', text: error }], details: { status: 'error', verdict: { error } } };
      },
    };
  }

  /** The trusted policy lets it through: it is the hook that is tried. */
  notePolicy(event: ToolCallEvent): void {
    this.#state.seenByPolicy = nonceOf(event);
  }

  /** `advice`: what the daemon said of it, which is in the ledger by now where it was asked. */
  block(event: ToolCallEvent, advice: CallVerdict): CallVerdict {
    const policy = this.#state.seenByPolicy === nonceOf(event) ? 'fires' : 'is silent';
    const said = advice?.blockReason ?? 'the daemon permits it by its intercept.allow';
    return { block: true, blockReason: `Holdfast canary: the hook fires, the trusted policy ${policy}; ${said}` };
  }

  /** Asks this gateway to run the canary. Resolves when it is known what became of it. */
  async run(port: number, { config, abortSignal }: GatewayContext): Promise<'fires' | 'silent' | 'untried'> {
    const nonce = randomUUID();
    const secret = findSecret(config, this.#env);
    let last = 'the gateway has no door for it';
    for (let attempt = 0; attempt < ATTEMPTS && abortSignal?.aborted !== true; attempt += 1) {
      if (attempt > 0) await sleep(PAUSE_MS);
      try {
        const { status, text } = await invoke(port, secret, nonce);
        if (status === 403 && text.includes('Holdfast canary: the hook fires')) return this.#reportFiring(text);
        if (status === 200 && !this.#state.isSilent) this.#reportSilence('the canary was not blocked');
        if (this.#state.isSilent) return 'silent';
        last = `HTTP ${status}: ${text.slice(0, 200)}`;
        if (status === 401 || status === 403 || status === 404) break;
      } catch (error) {
        last = (error as Error).message;
      }
    }
    this.#logger.warn(
      `The canary could not be run (${last}), so it is not known whether the hook fires on every way. Each call that ` +
        `opens is still held to a stamp of the hook. Call ${CANARY} by /tools/invoke: 403 proves the hook.`,
    );
    return 'untried';
  }

  #reportFiring(text: string): 'fires' {
    this.#state.isSilent = false;
    this.#health?.clearFailure();
    const isWhole = text.includes('the trusted policy fires');
    if (isWhole) this.#logger.info('The canary was blocked: hook and trusted policy fire.');
    else this.#logger.error('The canary was blocked by the hook, but the trusted policy does not fire.');
    if (text.includes('no daemon of this token answers'))
      this.#logger.warn('No daemon answers: everything that is asked is blocked.');
    return 'fires';
  }

  #reportSilence(error: string): void {
    this.#state.isSilent = true;
    this.#logger.error(`${error}: nothing is opened, and other tools run unasked. Stop this gateway.`);
    this.#health?.reportFailure(new Error(error));
  }
}

function nonceOf({ params }: ToolCallEvent): string {
  return String((params as { readonly nonce?: unknown } | undefined)?.nonce ?? '');
}

/** The gateway's own secret, where it stands in the configuration or the environment as a text. */
function findSecret(config: unknown, env: NodeJS.ProcessEnv): string | null {
  const { gateway } = (config ?? {}) as { gateway?: { auth?: { token?: unknown; password?: unknown } } };
  const { token, password } = gateway?.auth ?? {};
  const found = [token, env.OPENCLAW_GATEWAY_TOKEN, password, env.OPENCLAW_GATEWAY_PASSWORD];
  return found.find((each): each is string => typeof each === 'string' && each !== '') ?? null;
}

function invoke(port: number, secret: string | null, nonce: string): Promise<{ status: number; text: string }> {
  const body = JSON.stringify({ tool: CANARY, args: { nonce } });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
  };
  const signal = AbortSignal.timeout(15_000);
  const options = { host: '127.0.0.1', port, method: 'POST', path: '/tools/invoke', headers, signal };
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
