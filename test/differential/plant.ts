import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ReplayRun } from '../../daemon/evaluation/engine/run.ts';

/** One small mistake in one file of the plan, or of what it asks of a snapshot. */
export interface Planted {
  /** From `daemon/engine`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** A world that shows it, where the first to do so comes late. */
  readonly seed?: number;
}

const ENGINE = new URL('../../daemon/evaluation/engine/', import.meta.url).href;
const PURE = new URL('../../daemon/engine/', import.meta.url).href;
/** The rooms in which a plan is made. */
export const PLAN_ROOMS = ['claims', 'openings', 'plan', 'protect'] as const;
const FOLDERS = [ENGINE, ...[...PLAN_ROOMS, 'readings', 'snapshot'].map((room) => `${PURE}${room}/`)];
const planted = new Map<string, Planted>();

registerHooks({
  // Whatever a planted module imports of the engine, the plan and the snapshot is its own, too.
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const query = context.parentURL === undefined ? null : /\?planted=\d+$/.exec(context.parentURL);
    if (query === null || !FOLDERS.some((folder) => resolved.url.startsWith(folder))) return resolved;
    return resolved.url.includes('?') ? resolved : { ...resolved, url: `${resolved.url}${query[0]}` };
  },
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const mistake = planted.get(url);
    if (mistake === undefined || loaded.source == null) return loaded;
    const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
    return { ...loaded, source: source.replace(mistake.from, () => mistake.to) };
  },
});

let count = 0;

/** An engine of its own whose plan has the mistake in it; everybody else's is as it was. */
export async function plantInEngine(mistake: Planted): Promise<typeof ReplayRun> {
  count += 1;
  planted.set(`${new URL(mistake.file, PURE).href}?planted=${count}`, mistake);
  const { ReplayRun: Run } = (await import(`${ENGINE}run.ts?planted=${count}`)) as { ReplayRun: typeof ReplayRun };
  return Run;
}

export const PURE_FOLDER = fileURLToPath(PURE);
