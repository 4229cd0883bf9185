/**
 * Loaded before a daemon (`node --import`): its orders may leave late, as those of a real world in the tests' own process
 * (`sendDeadlineMs`). A busy machine uses up the shipped half second, which is proven in virtual time, and then nothing
 * is at the exchange that the daemon could be killed beside.
 */
import { registerHooks } from 'node:module';

const MAIN = new URL('../../daemon/main.ts', import.meta.url).href;
const SHIPPED = 'const SEND_DEADLINE_MS = 500;';

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== MAIN) return loaded;
    const source = new TextDecoder().decode(loaded.source);
    if (!source.includes(SHIPPED)) throw new Error(`${url} has no such line: ${SHIPPED}`);
    return { ...loaded, source: source.replace(SHIPPED, 'const SEND_DEADLINE_MS = 30_000;') };
  },
});
