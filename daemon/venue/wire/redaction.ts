/** Removes what must not leave this module from a text that is about to (SAE-NONBYPASS; DESIGN section 7). */
export type Redact = (text: string) => string;

const MAX_LENGTH = 400;
const MASK = '[redacted]';

/** A secret as it may appear in a text: as it is, in a URL, in a form, in JSON, in a base64 or hex dump. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const encoded = encodeURIComponent(secret);
  return [
    secret,
    encoded,
    encoded.replaceAll('%20', '+'),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('base64'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}

/**
 * Builds the filter for a set of secrets. Beside them it removes every query string and form body (they hold the
 * signature, and account data), API-key headers, listen keys and bare 64-digit hexadecimal strings, and it bounds the
 * length: such texts end in a ledger row or in the answer to an agent.
 */
export function createRedactor(secrets: readonly string[]): Redact {
  const known = [...new Set(secrets.filter((secret) => secret.length > 0).flatMap(spellings))].sort(
    (a, b) => b.length - a.length,
  );
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, MASK);
    clean = clean
      .replace(/\b(https?|wss?):\/\/[^\s"'<>]+/gi, (url) =>
        url.replace(/[?#].*$/, `?${MASK}`).replace(/\/\/[^/@]*@/, '//'),
      )
      .replace(/\?[^\s"'<>]*=[^\s"'<>]*/g, `?${MASK}`)
      .replace(
        /\b(signature|apikey|api_key|api-key|secret|listenkey|x-mbx-apikey|token|authorization)\b(["']?\s*[:=]\s*["']?)(?:bearer\s+)?[^\s"'&,;<>]+/gi,
        `$1$2${MASK}`,
      )
      .replace(/\b[0-9a-f]{64}\b/gi, MASK);
    return clean.length > MAX_LENGTH ? `${clean.slice(0, MAX_LENGTH)}…` : clean;
  };
}
