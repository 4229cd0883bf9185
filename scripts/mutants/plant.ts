/**
 * Preloaded into a process (`--import`) and each of its workers: gives one module with a mistake in it. The mutant comes
 * in `HOLDFAST_MUTANT` as JSON.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Mutant } from './candidates.ts';

const mutant = JSON.parse(process.env.HOLDFAST_MUTANT ?? 'null') as Mutant | null;
if (mutant !== null) {
  const url = pathToFileURL(mutant.file).href;
  registerHooks({
    load(asked, context, next) {
      const loaded = next(asked, context);
      if (asked !== url) return loaded;
      const source = String(loaded.source);
      return { ...loaded, source: source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end) };
    },
  });
}
