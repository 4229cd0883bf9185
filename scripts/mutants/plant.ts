/**
 * Preloaded into a process or a thread (`--import`): gives one module with a mistake in it, or modules with probes that
 * tell which mistakes would have made a difference. Both come as JSON: `HOLDFAST_MUTANT` (one, or a list with one a file),
 * `HOLDFAST_PROBES`.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Mutant } from './candidates.ts';
import { addProbes, type Numbered, PROBES } from './probes.ts';

type Planted = Pick<Mutant, 'file' | 'start' | 'end' | 'text'>;
const planted = JSON.parse(process.env.HOLDFAST_MUTANT ?? 'null') as Planted | readonly Planted[] | null;
const probes = JSON.parse(process.env.HOLDFAST_PROBES ?? '[]') as readonly Numbered[];

const edits = new Map<string, (source: string) => string>();
// One in a file.
for (const { end, file, start, text } of planted === null ? [] : [planted].flat())
  edits.set(pathToFileURL(file).href, (source) => source.slice(0, start) + text + source.slice(end));
for (const file of new Set(probes.map((probe) => probe.mutant.file)))
  edits.set(pathToFileURL(file).href, (source) =>
    addProbes(
      source,
      probes.filter((probe) => probe.mutant.file === file),
    ),
  );

if (edits.size > 0) {
  Object.assign(globalThis, { holdfastProbe: PROBES });
  registerHooks({
    load(asked, context, next) {
      const loaded = next(asked, context);
      const edit = edits.get(asked);
      return edit === undefined ? loaded : { ...loaded, source: edit(String(loaded.source)) };
    },
  });
}
