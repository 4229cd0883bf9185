import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ReplayRun } from '../../daemon/evaluation/run/run.ts';

/** One small mistake in one file of the replay's driver. */
export interface Planted {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const DRIVER = new URL('../../daemon/evaluation/engine/', import.meta.url).href;
/** Composes it. */
const RUN = new URL('../../daemon/evaluation/run/', import.meta.url).href;
const planted = new Map<string, Planted>();

registerHooks({
  // Whatever a planted module imports of the driver is its own, too.
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const query = context.parentURL === undefined ? null : /\?planted=\d+$/.exec(context.parentURL);
    const isDriver = resolved.url.startsWith(DRIVER) || resolved.url.startsWith(RUN);
    if (query === null || !isDriver) return resolved;
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

/** A replay of its own whose driver has the mistake in it; everybody else's is as it was. */
export async function plantInDriver(mistake: Planted): Promise<typeof ReplayRun> {
  count += 1;
  planted.set(`${new URL(mistake.file, DRIVER).href}?planted=${count}`, mistake);
  const { ReplayRun: Run } = (await import(`${RUN}run.ts?planted=${count}`)) as { ReplayRun: typeof ReplayRun };
  return Run;
}

export const DRIVER_FOLDER = fileURLToPath(DRIVER);
