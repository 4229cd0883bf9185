/**
 * What a process of the test runner does: imports its test files. Several have a suite each, so that their hooks are
 * their own, and each has to leave the process as it found it.
 */

import { AsyncResource } from 'node:async_hooks';
import { relative } from 'node:path';
import { after, before, describe } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { noteFile, readCpuMs } from './count-cpu.ts';
import { endOpened, Kept, watchOpened } from './opened.ts';
import { awaitRunnerHook, endRunnerHook } from './runner-hook.ts';

type State = ReadonlyMap<string, unknown>;

/** Of a process whose tests are over: connections that are about to close have that long. */
const LEAVES_WITHIN_MS = 5_000;

/** `onTurn`: told which file has its turn from now on. */
export async function runShare(
  root: string,
  files: readonly string[],
  onTurn: (what: string) => void = () => undefined,
): Promise<void> {
  awaitRunnerHook();
  watchOpened();
  let found: State = new Map();
  // The hooks of the first suite begin when all files are loaded and their tests declared.
  let who = 'loading these files';
  const kept = new Kept();
  const end = async (): Promise<void> => {
    const left = await endOpened();
    if (left.length > 0) fail(`${who} left open: ${left.join(', ')}`);
    kept.look(who);
  };
  after(async () => {
    await end();
    leaveSoon(kept, who);
  });
  const isNewGlobal = (name: string): boolean => name.startsWith('globalThis.') && !found.has(name);
  const compare = (): void => {
    // A file that has the process for itself may do with it what it likes.
    if (files.length === 1) return;
    const left = readState();
    const names = new Set([...found.keys(), ...left.keys()]);
    const changed = [...names].filter((name) => !Object.is(found.get(name), left.get(name)) && !isNewGlobal(name));
    found = left;
    if (changed.length > 0) throw new Error(`${who} left the process changed: ${changed.join(', ')}`);
  };
  let earlier = Promise.resolve();
  for (const path of files) {
    const file = relative(root, path);
    // RISK: node finds the suite of a test by what led to the call. Two files that load at once would share the promises
    // of their modules, and one the suite of the other: each loads by itself, as a consequence of its own suite.
    describe(file, async () => {
      const suite = new AsyncResource('TestFile');
      const turn = earlier;
      let isLoaded = (): void => undefined;
      earlier = new Promise((resolve) => {
        isLoaded = resolve;
      });
      let startedMs = 0;
      before(async () => {
        await end();
        compare();
        endRunnerHook((error) => fail(`${who} threw where no test was waiting`, error));
        found = readState();
        who = file;
        onTurn(file);
        startedMs = readCpuMs();
      });
      await turn;
      onTurn(`loading ${file}`);
      try {
        await suite.runInAsyncScope(() => import(pathToFileURL(path).href));
        suite.runInAsyncScope(after, null, () => {
          noteFile(file, readCpuMs() - startedMs);
          compare();
        });
      } finally {
        isLoaded();
      }
    });
  }
  // The test runner has its own listeners by now, and no file is loaded yet.
  found = readState();
}

/** The last test is over: the process ends by itself, or names what keeps it. */
function leaveSoon(kept: Kept, file: string): void {
  const leave = (): void => {
    kept.look(file);
    fail(`this process does not end by itself; it is kept by ${kept}`);
    process.exit();
  };
  setTimeout(leave, LEAVES_WITHIN_MS).unref();
}

/** What belongs to no test: the runner says it, and the process fails. */
function fail(complaint: string, detail?: unknown): void {
  process.exitCode = 1;
  process.stderr.write(`${complaint}${detail === undefined ? '' : `: ${inspect(detail)}`}\n`);
}

/** What one file could leave behind for the next: the environment, and what all modules see. */
function readState(): State {
  const state = new Map<string, unknown>([['the working directory', process.cwd()]]);
  for (const [name, value] of Object.entries(process.env)) state.set(`process.env.${name}`, value);
  for (const name of process.eventNames()) state.set(`listeners of ${String(name)}`, process.listenerCount(name));
  for (const [holder, object] of Object.entries({ globalThis, Math, Date, performance })) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object)))
      state.set(`${holder}.${name}`, value);
  }
  return state;
}
