import pino, { type DestinationStream, type Logger } from 'pino';

/** Paths of a logged object that could hold a secret; pino redacts them. */
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
  /** Secrets of the daemon's configuration, such as API keys: redacted wherever they appear. */
  readonly secrets: readonly string[];
  readonly destination?: DestinationStream;
}

/** The daemon's logger. Every line passes the redaction, so a secret inside an error message is redacted too. */
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

/** The forms of a secret in a line: verbatim, inside JSON, inside a URL. */
function spellings(secret: string): readonly string[] {
  return [...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])];
}
