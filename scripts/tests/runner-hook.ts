/**
 * The test runner follows every promise by an asynchronous hook, to know which test a call of `test` or `after`
 * belongs to. Worlds in virtual time are little else than promises: twenty of the explorer's take 9.5 s of CPU with
 * the hook and 5.5 s without. Once all tests are declared it is needed no more, so it ends then.
 *
 * What it is also for is done here: an error that no test caught fails the process, with what was thrown. In a body
 * after its first `await` use `t.test` and `t.after`; the bare `test` and `after` would not find their test there.
 */
import { type AsyncHook, createHook } from 'node:async_hooks';

const ofRunner: AsyncHook[] = [];

/** Notes the hook of the test runner, which begins with the first test that is declared. */
export function awaitRunnerHook(): void {
  const prototype = Object.getPrototypeOf(createHook({})) as AsyncHook;
  const { enable } = prototype;
  prototype.enable = function (this: AsyncHook): AsyncHook {
    ofRunner.push(this);
    prototype.enable = enable;
    return Reflect.apply(enable, this, []);
  };
}

/** On Node 22 it stays: suites beside bare tests of one file would wait for it for ever. */
export const KEEPS_HOOK = Number.parseInt(process.versions.node, 10) < 24;

/** Ends it; `onError` gets what nobody catches from then on. */
export function endRunnerHook(onError: (error: unknown) => void): void {
  if (ofRunner.length === 0 || KEEPS_HOOK) return;
  for (const hook of ofRunner.splice(0)) hook.disable();
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
}
