import type { TestContext } from 'node:test';

/** What a module of the console asks of its page, for one test; frames come when the test says so. */
export function stubPage(t: TestContext): { readonly frames: (() => void)[]; paint(): void } {
  const frames: (() => void)[] = [];
  const page = globalThis as unknown as Record<string, unknown>;
  const { document, requestAnimationFrame } = page;
  Object.assign(page, {
    document: { hidden: false },
    requestAnimationFrame: (paint: () => void) => frames.push(paint),
  });
  t.after(() => void Object.assign(page, { document, requestAnimationFrame }));
  return {
    frames,
    paint: () => {
      for (const each of frames.splice(0)) each();
    },
  };
}
