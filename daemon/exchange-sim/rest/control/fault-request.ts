import { parseE8 } from '../../core/fixed.ts';
import { ENDING_KINDS, type Fault, type FaultMatch, SHADING_KINDS } from '../../faults/faults.ts';

/** A control request that cannot be carried out; answered 400 with its message. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

export type Json = Readonly<Record<string, unknown>>;

export function parseJson(text: string): Json {
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new ControlError('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ControlError('the body must be a JSON object');
  }
  return value as Json;
}

/** A decimal given as a number or as text, in units of 1e-8. */
export function readDecimal(body: Json, name: string): bigint | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  const parsed = typeof value === 'number' || typeof value === 'string' ? parseE8(String(value)) : undefined;
  if (parsed === undefined) throw new ControlError(`"${name}" must be a decimal`);
  return parsed;
}

export function readText(body: Json, name: string): string | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw new ControlError(`"${name}" must be text`);
  return value;
}

export function readNumber(body: Json, name: string, fallback: number): number {
  const value = body[name];
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new ControlError(`"${name}" must be a number that is not negative`);
  }
  return value;
}

function readMatch(body: Json): FaultMatch {
  const match = body.match ?? {};
  if (typeof match !== 'object' || match === null) throw new ControlError('"match" must be an object');
  const fields = match as Json;
  for (const name of Object.keys(fields)) {
    if (!['method', 'path', 'symbol'].includes(name)) throw new ControlError(`"match.${name}" is unknown`);
  }
  const [method, path, symbol] = [readText(fields, 'method'), readText(fields, 'path'), readText(fields, 'symbol')];
  return {
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(symbol === undefined ? {} : { symbol }),
  };
}

const FIELDS = [
  'kind',
  'match',
  'count',
  'ms',
  'accepted',
  'status',
  'retry_after_s',
  'body',
  'code',
  'msg',
  'http',
  'queries',
  'fraction',
  'lagging',
  'by_ms',
  'factor',
  'max_ms',
  'patch',
];

function readPatch(body: Json, kind: Fault['kind'], match: FaultMatch): Json {
  const patch = body.patch ?? {};
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw new ControlError('"patch" must be an object');
  const isNamed = match.path !== undefined && !match.path.endsWith('*') && match.symbol !== undefined;
  if (kind === 'odd-row' && !isNamed)
    throw new ControlError('"match.path" and "match.symbol" must name the list and its row');
  return patch as Json;
}

/** Reads one fault of POST /sim/faults; throws ControlError for what is unknown or malformed. */
export function parseFault(body: Json): Omit<Fault, 'id' | 'hits'> {
  for (const name of Object.keys(body)) if (!FIELDS.includes(name)) throw new ControlError(`"${name}" is unknown`);
  const kinds = [...ENDING_KINDS, ...SHADING_KINDS];
  const kind = kinds.find((known) => known === body.kind);
  if (kind === undefined) throw new ControlError(`"kind" must be one of ${kinds.join(', ')}`);
  const fraction = readDecimal(body, 'fraction') ?? 50_000_000n;
  if (fraction < 0n || fraction > 100_000_000n) throw new ControlError('"fraction" must lie between 0 and 1');
  const lagging = readText(body, 'lagging') ?? 'account';
  if (lagging !== 'account' && lagging !== 'order') throw new ControlError('"lagging" must be account or order');
  const accepted = body.accepted ?? false;
  if (typeof accepted !== 'boolean') throw new ControlError('"accepted" must be true or false');
  const code = body.code ?? -1000;
  if (typeof code !== 'number') throw new ControlError('"code" must be a number');
  const byMs = body.by_ms ?? 0;
  if (typeof byMs !== 'number' || !Number.isSafeInteger(byMs))
    throw new ControlError('"by_ms" must be a whole number of milliseconds');
  const match = readMatch(body);
  if (kind === 'stale-list' && (match.path === undefined || match.path.endsWith('*')))
    throw new ControlError('"match.path" must name the one list that lags');
  const patch = readPatch(body, kind, match);
  return {
    kind,
    match,
    remaining: readNumber(body, 'count', 1),
    ms: readNumber(body, 'ms', 1000),
    accepted,
    status: readNumber(body, 'status', 500),
    retryAfterS: body.retry_after_s === undefined ? null : readNumber(body, 'retry_after_s', 0),
    body: readText(body, 'body') ?? '',
    code,
    msg: readText(body, 'msg') ?? 'An unknown error occured while processing the request.',
    http: readNumber(body, 'http', 400),
    queries: readNumber(body, 'queries', 1),
    fraction,
    lagging,
    byMs,
    factor: Math.max(1, readNumber(body, 'factor', 2)),
    maxMs: readNumber(body, 'max_ms', 259_200_000),
    patch,
  };
}
