import pino, { type DestinationStream, type Logger } from 'pino';

/** Paths at which a secret could stand in a logged object; pino blanks them. */
export const REDACTED_PATHS: readonly string[] = [
  'authorization',
  '*.authorization',
  '*.headers.authorization',
  'headers.authorization',
  'headers.cookie',
  '*.headers.cookie',
  'token',
  'secret',
  '*.token',
  '*.secret',
  '*.apiKey',
  'apiKey',
];
const TOKEN_PATTERN = /hf_[A-Za-z0-9_-]{20,}/g;
const BEARER_PATTERN = /\bbearer\s+[A-Za-z0-9._~+/=-]+/gi;
/** The signature of a signed request in a URL. */
const SIGNATURE_PATTERN = /\b(signature=)[0-9A-Za-z%+/=]+/gi;
const MASK = '[redacted]';

export interface LoggerOptions {
  readonly level: string;
  /** What the daemon was started with (API keys and the like): blanked wherever it appears. */
  readonly secrets: readonly string[];
  readonly destination?: DestinationStream;
}

/** The daemon's logger: every line passes the redaction, so a secret inside an error's message is blanked, too. */
export function createLogger({ level, secrets, destination }: LoggerOptions): Logger {
  const out = destination ?? pino.destination({ dest: 2, sync: true });
  const known = secrets.filter((secret) => secret !== '').flatMap(spellings);
  const clean: DestinationStream = {
    write(line) {
      let text = line.replace(TOKEN_PATTERN, MASK).replace(BEARER_PATTERN, `Bearer ${MASK}`);
      text = text.replace(SIGNATURE_PATTERN, `$1${MASK}`);
      for (const secret of known) text = text.replaceAll(secret, MASK);
      out.write(text);
    },
  };
  return pino({ level, redact: { paths: [...REDACTED_PATHS], censor: MASK }, base: null }, clean);
}

/** A secret as it may stand in a line: as it is, inside JSON, inside a URL. */
function spellings(secret: string): readonly string[] {
  return [...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])];
}
