/** Exit codes of the verbs. They are stable: scripts rely on them. */
export const EXIT = {
  OK: 0,
  /** Something failed; the message says what. */
  FAILURE: 1,
  /** The command line, a setting, or the input is wrong. */
  USAGE: 2,
  /** Decided and refused: a BLOCK, or an order that the venue rejected or that expired without a fill. */
  REFUSED: 3,
  /** No daemon answers at the given address. */
  UNREACHABLE: 4,
  /** A check found a difference: ledger, policy file, policy cases. */
  VERIFICATION: 5,
  /** The token is missing, unknown, or of the wrong role. */
  NOT_PERMITTED: 6,
  /** The daemon answers, but does not accept opening orders yet. */
  NOT_READY: 7,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODE_HELP =
  'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 4 no daemon, 5 a check failed, 6 not permitted, 7 not ready';

/** A failure whose one message also says what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  /** Code and details as the daemon answered them; null: the command line itself failed. */
  readonly answer: { readonly code: string; readonly details: unknown } | null;
  constructor(exitCode: ExitCode, message: string, answer: CliError['answer'] = null) {
    super(message);
    this.exitCode = exitCode;
    this.answer = answer;
  }
}

/** Codes of `error` under `--json` where no daemon answered one. */
const EXIT_WORDS: { readonly [code: number]: string } = {
  [EXIT.FAILURE]: 'FAILURE',
  [EXIT.USAGE]: 'USAGE',
  [EXIT.REFUSED]: 'REFUSED',
  [EXIT.UNREACHABLE]: 'UNREACHABLE',
  [EXIT.VERIFICATION]: 'VERIFICATION',
  [EXIT.NOT_PERMITTED]: 'NOT_PERMITTED',
  [EXIT.NOT_READY]: 'NOT_READY',
};

/** What a script reads of a failure: the form of the daemon's own errors, and the exit code. */
export function toErrorBody(message: string, exitCode: ExitCode, answer: CliError['answer']): object {
  const code = answer?.code ?? EXIT_WORDS[exitCode] ?? 'FAILURE';
  const details = answer?.details === undefined ? {} : { details: answer.details };
  return { error: { code, message, ...details }, exit_code: exitCode };
}
