import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientConfig } from '../../config/config.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import type { ConnectionOptions } from '../verb.ts';
import type { Role } from './daemon-place.ts';

/** The token of a verb, or why it has none. `ways`: how one is given, for people. */
export function findToken(
  config: ClientConfig,
  { tokenFile }: ConnectionOptions,
  role: Role,
  ways: string,
): string | CliError {
  if (tokenFile !== undefined) return readToken(tokenFile);
  if (config.token !== null) return checkToken(config.token.trim(), 'HOLDFAST_TOKEN');
  const file = join(config.home, 'tokens', `${role}.token`);
  if (existsSync(file)) return readToken(file);
  return new CliError(
    EXIT.NOT_PERMITTED,
    `This needs a token of role ${role}, and there is none in ${file}. Give ${ways}; \`./holdfast token create --role ${role}\` creates one.`,
  );
}

function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliError(
      EXIT.USAGE,
      `The token file ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    );
  }
  return checkToken(text, file);
}

/** A token goes into a header; the value is never shown. */
function checkToken(text: string, source: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(text)) return text;
  throw new CliError(EXIT.USAGE, `${source} does not hold a token.`);
}
