import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from '../daemon/harness.ts';
import { closeBrowser, openPage, openWorld, panel, signIn, tighten, WITHOUT_BROWSER } from './browser.ts';

after(closeBrowser);

const HOSTILE = [
  '<img src=x onerror="window.owned=1">',
  '<script>window.owned=1</script>',
  '"><svg onload=window.owned=1>',
  'javascript:window.owned=1',
  '{{constructor.constructor("window.owned=1")()}}',
  '\u202Eevil\u202C \u200B',
];

test('what agents, monitors and the exchange write is text: no markup, no script, no turned line [TM-12]', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t, { wall: false });
  for (const [index, text] of HOSTILE.entries()) {
    // Tools that agents name, and every free text of a call.
    await world.intercept(text.replace(/\p{Cf}/gu, ''), { [text]: text });
    await world.place({ strategy_id: text.replace(/[^ -~]/g, ''), rationale: text, request_id: `r-${index}` });
    await world.place({ symbol: text });
    const signal = { kind: 'narrative', scope: { agent: `a${index}` }, severity: 0.5, ttl_ms: 60_000, evidence: text };
    await world.call('POST', '/v1/signals', signal, world.token('monitor'));
    // Whatever the exchange says ends up here.
    world.daemon.gate.core.alert('VENUE_SAYS', text);
    await world.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: text, agent: 'agent' });
  }
  const seat = await openPage(t, world);
  const { page } = seat;
  await signIn(seat);
  await panel(page, 'alerts').getByText('<script>window.owned=1</script>').waitFor();
  await panel(page, 'alerts').getByText('\\u{202e}evil\\u{202c} \\u{200b}').waitFor();
  const decisions = panel(page, 'decisions');
  const named = decisions.getByRole('row').filter({ hasText: 'onerror' });
  await named.getByText('untrusted').waitFor();
  await named.getByRole('button').click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('.untrusted', { hasText: 'onerror' }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  // A reason that an operator types is no better.
  await page.getByRole('navigation', { name: 'Acts' }).getByRole('button', { name: 'Reduce' }).click();
  await tighten(seat, HOSTILE[0] ?? '', 'Reduce only');
  await panel(page, 'state')
    .getByText(HOSTILE[0] ?? '')
    .first()
    .waitFor();
  const found = await page.evaluate(() => {
    const { document, owned } = globalThis as unknown as {
      owned?: number;
      document: { querySelectorAll(selector: string): { length: number } };
    };
    return {
      owned,
      strange: document.querySelectorAll('main img, svg:not(.chart > svg), iframe, main script, [onerror], [onload]')
        .length,
    };
  });
  assert.deepEqual(found, { owned: undefined, strange: 0 });
  assert.deepEqual(seat.complaints, []);
});

test('the page runs no code that did not come with it [TM-36]', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await openWorld(t, { wall: false });
  const seat = await openPage(t, world);
  const refused = await seat.page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: {
        createElement(name: string): {
          textContent: string;
          innerHTML: string;
          setAttribute(name: string, value: string): void;
          click(): void;
        };
        head: { append(element: unknown): void };
      };
    };
    const tries: string[] = [];
    const attempt = (name: string, act: () => void): void => {
      try {
        act();
      } catch {
        tries.push(name);
      }
    };
    attempt('html', () => {
      document.createElement('div').innerHTML = '<b>x</b>';
    });
    attempt('script', () => {
      const script = document.createElement('script');
      script.textContent = 'window.owned = 1';
      document.head.append(script);
    });
    attempt('handler', () => {
      const button = document.createElement('button');
      button.setAttribute('onclick', 'window.owned = 1');
      button.click();
    });
    return { tries, owned: (globalThis as { owned?: number }).owned };
  });
  assert.equal(refused.owned, undefined);
  for (const name of ['html', 'script']) assert.ok(refused.tries.includes(name), name);
  // Each of them is told to the test: that the other tests hear of none means something.
  await until('the test hears of it', () => seat.complaints.some((text) => text.startsWith('refused by policy')));
});
