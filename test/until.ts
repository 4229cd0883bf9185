/** Real time is no measure of a program on a loaded machine, only a guard against one that hangs. */
export const PATIENCE_MS = 120_000;

/** Asks turn after turn of this process until the condition holds; fails with `what` when it never does. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs: number = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
    await turn();
  }
}

/** Everything that has arrived by now is handled. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
