import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { Agent, request } from 'undici';
import type { TimePort } from '../time/time-port.ts';
import { findTargetProblem, isReachable, lookupWithin, type Reach, reachesOf } from './address.ts';
import type { Dispatch } from './channels.ts';

/** `permanent`: the receiver says that this very message will never do. */
export type SendOutcome =
  | { readonly kind: 'taken'; readonly detail: string }
  | {
      readonly kind: 'failed';
      readonly detail: string;
      readonly isPermanent: boolean;
      readonly retryAfterMs: number | null;
    };
/** One attempt; it ends within {@link SEND_WITHIN_MS}, and never throws. */
export type Send = (dispatch: Dispatch) => Promise<SendOutcome>;

/** Wall time for everything, from the look-up of the name to the end of the answer. */
export const SEND_WITHIN_MS = 10_000;
const MAX_RETRY_AFTER_MS = 3_600_000;
/** What is read of an answer before its connection is given up. */
const MAX_ANSWER_BYTES = 65_536;
/** 400, 413, 415 and 422: about this message. Others may be put right by people. */
const ABOUT_THE_MESSAGE: ReadonlySet<number> = new Set([400, 413, 415, 422]);

const failed = (detail: string, isPermanent = false, retryAfterMs: number | null = null): SendOutcome => ({
  kind: 'failed',
  detail,
  isPermanent,
  retryAfterMs,
});

/**
 * @param mayExec programs may be run. RISK: routes of an earlier start are in the ledger, and may name some
 * @param withinMs wall time of one attempt
 */
export function createSender(
  time: TimePort,
  mayExec: boolean,
  withinMs = SEND_WITHIN_MS,
): { readonly send: Send; close(): Promise<void> } {
  const agents = new Map<string, Agent>();
  const agentFor = (reaches: ReadonlySet<Reach>): Agent => {
    const key = [...reaches].join(' ');
    const known = agents.get(key);
    if (known !== undefined) return known;
    // No connection outlives its message for long: addresses are looked up anew.
    const made = new Agent({
      connect: { lookup: lookupWithin(reaches), timeout: withinMs },
      connections: 4,
      keepAliveTimeout: 1_000,
      headersTimeout: 2 * withinMs,
      bodyTimeout: 2 * withinMs,
    });
    agents.set(key, made);
    return made;
  };
  return {
    send: async (dispatch) => {
      const problem = findDispatchProblem(dispatch);
      if (problem !== null) return failed(problem);
      if (dispatch.kind === 'http') return post(dispatch, agentFor, time, withinMs);
      return mayExec ? run(dispatch, time, withinMs) : failed('the daemon was started without --alerts-exec');
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

/**
 * Why this is not sent anywhere, before any name is looked up; null: nothing speaks against it. URLs of chat services are
 * secrets: what is said of a failure never has one in it.
 */
export function findDispatchProblem(dispatch: Dispatch): string | null {
  if (dispatch.kind === 'exec') return findProgramProblem(dispatch.command[0] ?? '');
  const problem = findTargetProblem(dispatch.url);
  if (problem !== null) return `the URL ${problem}`;
  const reaches = reachesOf(dispatch.url, dispatch.mayBePrivate);
  return isReachable(dispatch.url, reaches) ? null : 'the address is of a private network';
}

function findProgramProblem(program: string): string | null {
  try {
    accessSync(program, constants.X_OK);
    return null;
  } catch (error) {
    return `the program cannot be run (${codeOf(error)})`;
  }
}

async function post(
  { body, headers, mayBePrivate, url }: Dispatch & { readonly kind: 'http' },
  agentFor: (reaches: ReadonlySet<Reach>) => Agent,
  time: TimePort,
  withinMs: number,
): Promise<SendOutcome> {
  const reaches = reachesOf(url, mayBePrivate);
  const stop = new AbortController();
  const timer = time.after(withinMs, () => stop.abort(), { unref: true });
  try {
    // Redirects are not followed: they could lead where the URL may not.
    const answer = await request(url, {
      method: 'POST',
      dispatcher: agentFor(reaches),
      headers,
      body,
      signal: stop.signal,
    });
    await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal: stop.signal });
    const { statusCode } = answer;
    if (statusCode >= 200 && statusCode < 300) return { kind: 'taken', detail: `HTTP ${statusCode}` };
    const wait = readRetryAfter(answer.headers['retry-after']);
    return failed(`HTTP ${statusCode}`, ABOUT_THE_MESSAGE.has(statusCode), wait);
  } catch (error) {
    if (stop.signal.aborted) return failed(`no answer within ${withinMs} ms`);
    return failed(codeOf(error));
  } finally {
    timer.cancel();
  }
}

function readRetryAfter(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value)) return null;
  return Math.min(Number(value) * 1_000, MAX_RETRY_AFTER_MS);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN_ERROR';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** Fixed arguments, an empty environment, never a shell; what it prints is not read. */
function run(
  { command, input }: Dispatch & { readonly kind: 'exec' },
  time: TimePort,
  withinMs: number,
): Promise<SendOutcome> {
  return new Promise((resolve) => {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { cwd: '/', env: {}, shell: false, stdio: ['pipe', 'ignore', 'ignore'] });
    let isLate = false;
    const timer = time.after(
      withinMs,
      () => {
        isLate = true;
        child.kill('SIGKILL');
      },
      { unref: true },
    );
    const end = (outcome: SendOutcome): void => {
      timer.cancel();
      resolve(outcome);
    };
    child.on('error', (error) => end(failed(codeOf(error))));
    child.on('exit', (code, signal) => {
      if (code === 0) end({ kind: 'taken', detail: 'exit code 0' });
      else if (isLate) end(failed(`did not end within ${withinMs} ms`));
      else end(failed(code === null ? `ended by ${signal}` : `exit code ${code}`));
    });
    // A program that does not read its input closes the pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
