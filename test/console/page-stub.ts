import type { TestContext } from 'node:test';

/** Where the page was loaded from. */
export const HOST = 'localhost:7433';

/** What a module of the console asks of its page, for one test; frames come when the test says so. */
export function stubPage(t: TestContext): { readonly frames: (() => void)[]; paint(): void } {
  const frames: (() => void)[] = [];
  const page = globalThis as unknown as Record<string, unknown>;
  const { document, location, requestAnimationFrame } = page;
  Object.assign(page, {
    document: { hidden: false },
    location: { host: HOST },
    requestAnimationFrame: (paint: () => void) => frames.push(paint),
  });
  t.after(() => void Object.assign(page, { document, location, requestAnimationFrame }));
  return {
    frames,
    paint: () => {
      for (const each of frames.splice(0)) each();
    },
  };
}
