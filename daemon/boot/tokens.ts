import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenStore } from '../ledger/types.ts';

const FIRST_TOKENS = [
  { role: 'agent', name: 'agent', agent: 'agent' },
  { role: 'monitor', name: 'monitor', agent: 'monitor' },
  { role: 'operator', name: 'operator', agent: 'operator' },
] as const;

/**
 * First start on paper: one token for each role, in files that only the owner can read. On demo and live no plaintext
 * token is stored anywhere: `holdfast token create` prints it once.
 */
export function ensurePaperTokens(home: string, store: TokenStore): string {
  const folder = join(home, 'tokens');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const known = store.listTokens().filter((token) => token.revoked_at_ms === null);
  for (const { role, name, agent } of FIRST_TOKENS) {
    const file = join(folder, `${role}.token`);
    if (existsSync(file) && known.some((token) => token.name === name && token.role === role)) continue;
    const { secret } = store.createToken({ role, name, agent });
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  }
  return folder;
}

/** Control token of the simulated exchange: given, or kept beside the others. */
export function ensureSimToken(
  home: string,
  given: string | null,
  make: () => string,
  read: (file: string) => string,
): string {
  if (given !== null) return given;
  const folder = join(home, 'tokens');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'sim.token');
  if (existsSync(file)) return read(file).trim();
  const token = make();
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}
