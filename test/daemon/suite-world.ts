import { after, before } from 'node:test';
import { checkAudit } from '../recorded/verdicts.ts';
import { DaemonWorld, type DaemonWorldOptions } from './harness.ts';

interface SuiteOptions extends DaemonWorldOptions {
  /** Default: true; false where a test takes from the ledger what derives it. */
  readonly isAudited?: boolean;
}

/**
 * The world of a suite: it starts before the first test, and closes behind the last one, when every decision of its ledger
 * is derived again. What this returns stands for the world, which there is only while the tests run.
 */
export function suiteWorld({ isAudited = true, ...options }: SuiteOptions = {}): DaemonWorld {
  let world: DaemonWorld | null = null;
  before(async () => {
    world = await DaemonWorld.start(options);
  });
  after(async () => {
    try {
      if (world !== null && isAudited) checkAudit(world);
    } finally {
      await world?.close();
    }
  });
  return new Proxy({} as DaemonWorld, {
    get: (_target, name) => {
      if (world === null) throw new Error(`a suite asks for ${String(name)} of its world before it has started`);
      const value: unknown = Reflect.get(world, name);
      return typeof value === 'function' ? value.bind(world) : value;
    },
  });
}
