/** Calls of the daemon that served this page. Nothing is kept but in memory: no cookie, no storage. */

/** An answer that is not 200: code and message as the daemon gives them. */
export class ApiFault extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
export interface Ask {
  /** Absent: of nobody, for what is open. */
  readonly bearer?: string;
  /** What confirms this call. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it is, as text/yaml. */
  readonly text?: string;
}
/** A request that takes longer is given up; the daemon answers reads within milliseconds, acts within seconds. */
const ASK_WITHIN_MS = 15_000;
const LATE =
  'The daemon has not answered within 15 s. What was asked for may be done all the same: look before asking again.';

export type Method = 'GET' | 'POST' | 'PUT';

/** @throws ApiFault for every answer but 200; status 0: the daemon did not answer */
export async function ask<T>(method: Method, path: string, how: Ask): Promise<T> {
  return parse(await askText(method, path, how)) as T;
}
/** The same, as it came: whoever reads again and again sees by it that nothing has changed. */
export async function askText(
  method: Method,
  path: string,
  { bearer, body, headers = {}, text }: Ask,
): Promise<string> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(text === undefined ? {} : { 'content-type': 'text/yaml' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(text === undefined ? {} : { body: text }),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.timeout(ASK_WITHIN_MS),
    });
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    throw new ApiFault(0, 'UNREACHABLE', isLate ? LATE : 'The daemon does not answer.');
  }
  const answer = await response.text().catch(() => '');
  if (response.ok) return answer;
  const { code, message } = (parse(answer) as { error?: { code?: string; message?: string } } | null)?.error ?? {};
  throw new ApiFault(response.status, code ?? 'UNREADABLE', message ?? `The daemon answered ${response.status}.`);
}

/** Null: it is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What went wrong, in one sentence with what was not done. */
export function describeFault(error: unknown): string {
  return error instanceof Error ? error.message : 'Something failed in the page.';
}
