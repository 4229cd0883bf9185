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
