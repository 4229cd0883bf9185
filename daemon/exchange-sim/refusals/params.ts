import { type E8, parseE8 } from '../core/fixed.ts';
import { isRejection, type Rejection, type RejectionName, reject } from '../core/orders/rejections.ts';

/** A request that the exchange answers with an error body `{code, msg}`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly rejection: Rejection;

  constructor(rejection: Rejection) {
    super(rejection.msg);
    this.rejection = rejection;
  }
}

export function apiError(name: RejectionName, ...args: readonly string[]): ApiError {
  return new ApiError(reject(name, ...args));
}

/** The value of an outcome; throws ApiError when it is a refusal. */
export function unwrap<T extends object>(outcome: T | Rejection): T {
  if (isRejection(outcome)) throw new ApiError(outcome);
  return outcome;
}

/** Throws ApiError for a check that found something. */
export function demand(refused: Rejection | undefined): void {
  if (refused !== undefined) throw new ApiError(refused);
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Request parameters by name; of a repeated name the first counts. */
export class Params {
  readonly #values = new Map<string, string>();

  /** Parses form-encoded text: the query string, then the body. */
  constructor(...texts: readonly string[]) {
    for (const text of texts) {
      if (text.length === 0) continue;
      for (const [name, value] of new URLSearchParams(text)) {
        if (!this.#values.has(name)) this.#values.set(name, value);
      }
    }
  }

  /** Undefined when absent or empty. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === undefined || value === '' ? undefined : value;
  }

  /** Throws -1102 when absent. */
  requireText(name: string): string {
    return present(name, this.text(name));
  }

  /** A plain decimal; throws -1102 when it is malformed, or absent and `required`. */
  decimal(name: string): E8 | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const parsed = parseE8(value);
    if (parsed === undefined) throw apiError('MANDATORY_PARAM', name);
    // A digit beyond the eighth decimal cannot be held; the symbol's precision is coarser anyway.
    if (/\.\d{8}0*[1-9]/.test(value)) throw apiError('BAD_PRECISION');
    return parsed;
  }

  requireDecimal(name: string): E8 {
    return present(name, this.decimal(name));
  }

  /** A non-negative integer; throws -1102 when malformed. */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const parsed = Number(value);
    if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(parsed)) throw apiError('MANDATORY_PARAM', name);
    return parsed;
  }

  requireInteger(name: string): number {
    return present(name, this.integer(name));
  }

  /** "true" or "false" in any case; false when absent. */
  flag(name: string): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined || value === 'false') return false;
    if (value === 'true') return true;
    throw apiError('MANDATORY_PARAM', name);
  }

  /** One of a closed set; throws the given error otherwise. */
  choice<T extends string>(name: string, allowed: readonly T[], otherwise: () => Error): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw otherwise();
    return found;
  }

  /** A page size from 1 to `max`; throws -1130 otherwise. */
  limit(fallback: number, max: number): number {
    const value = this.text('limit');
    if (value === undefined) return fallback;
    const parsed = Number(value);
    if (!/^\d{1,6}$/.test(value) || parsed < 1 || parsed > max) throw apiError('INVALID_PARAMETER', 'limit');
    return parsed;
  }
}

function present<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw apiError('MANDATORY_PARAM', name);
  return value;
}
