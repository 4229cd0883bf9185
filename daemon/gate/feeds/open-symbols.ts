import type { GateCore } from '../journal/journal.ts';

/** Why nothing can be opened in a symbol at the venue; null: it is open there, or nothing was read yet. */
export function describeClosed(core: GateCore, symbol: string): string | null {
  if (core.market.unlisted.has(symbol)) return 'is not listed at the venue';
  return core.state.rules.get(symbol)?.trading === false ? 'is not trading at the venue' : null;
}
