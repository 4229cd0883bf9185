import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener } from 'node:http';
import { after, test } from 'node:test';
import { findFreePort } from '../free-port.ts';
import {
  closeBrowser,
  consoleAddress,
  findInaccessible,
  openPage,
  openWorld,
  panel,
  signIn,
  WITHOUT_BROWSER,
} from './browser.ts';
import { enrol, plugIn } from './device.ts';
import { squat, type Taken } from './squatter.ts';

after(closeBrowser);

const CONFIRMATIONS = ['holdfast-token', 'holdfast-passkey', 'cookie'] as const;
const confirms = ({ headers }: Taken): boolean => CONFIRMATIONS.some((name) => headers[name] !== undefined);
/** With the session of the daemon that ended; the page reads once a second, and may not have heard of the end. */
const carriesSession = ({ headers }: Taken): boolean => headers.authorization !== undefined;

/** Answers as a daemon would that knows no key of the tab, and hands on what the living one was asked for before. */
function imitate(challenge: unknown): RequestListener {
  const answers: Readonly<Record<string, unknown>> = {
    '/v1/proof': { claims: '{}', proof: 'A'.repeat(43) },
    '/v1/console/challenge': challenge,
    '/v1/passkeys/challenge': challenge,
    '/v1/console/session': {
      session: 'hfs_x',
      expires_at_ms: Number.MAX_SAFE_INTEGER,
      name: 'x',
      key_id: 'x',
      key: 'AAAA',
    },
    '/v1/console/passkey': {
      session: 'hfs_x',
      expires_at_ms: Number.MAX_SAFE_INTEGER,
      name: 'x',
      key_id: 'x',
      key: 'AAAA',
    },
  };
  return ({ url = '' }: IncomingMessage, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers[url] ?? {}));
  };
}

test('a tab left open gives nothing to whoever holds the port meanwhile that is of use when the daemon is back', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const port = await findFreePort();
  const world = await openWorld(t, { port });
  const seat = await openPage(t, world);
  const { page } = seat;
  const token = world.token('operator');
  const origin = consoleAddress(world).slice(0, -1);
  await plugIn(page);
  await signIn(seat);
  await enrol(seat, 'laptop');
  await panel(page, 'passkeys').getByText('in force').waitFor();
  await page.getByRole('navigation', { name: 'Acts' }).getByRole('button', { name: 'Flatten' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('now');
  // A squatter may ask the living daemon for what anybody is given.
  const ahead = await (await fetch(`${origin}/v1/console/challenge`, { method: 'POST' })).json();

  await world.daemon.close();
  const squatter = await squat(t, port, imitate(ahead));
  await page.getByText('What answers here is not the daemon you signed in to.').first().waitFor();
  // The operator acts, by both ways.
  await dialog.getByLabel('Operator token').fill(token);
  await dialog.getByRole('button', { name: 'Close everything' }).click();
  await dialog
    .getByRole('alert')
    .getByText(/not the daemon of this token/)
    .waitFor();
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  await dialog
    .getByRole('alert')
    .getByText(/not the daemon you signed in to/)
    .waitFor();
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  assert.deepEqual(await findInaccessible(page), []);
  assert.equal(await page.locator('nav[inert]').count(), 1, 'nothing else can be pressed');
  // And signs in again, by both ways.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Operator token').fill(token);
  await page.getByRole('button', { name: 'Look' }).click();
  await page
    .getByRole('alert')
    .getByText(/not the daemon of this token/)
    .waitFor();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page
    .getByRole('alert')
    .getByText(/not the daemon you signed in to/)
    .waitFor();
  await squatter.close();

  const { taken } = squatter;
  assert.ok(taken.length > 4, `${taken.length} requests`);
  assert.deepEqual(taken.filter(confirms), [], 'nothing that confirms an act');
  const onTheirWay = taken.filter(carriesSession);
  assert.ok(onTheirWay.length <= 1, `the session goes out ${onTheirWay.length} times`);
  for (const { method, path } of onTheirWay) assert.equal(method, 'GET', path);
  for (const { body, path, headers } of taken)
    assert.ok(!`${path} ${body} ${JSON.stringify(headers)}`.includes(token.slice(3)), 'no token');
  const signed = taken.filter(({ path }) => path === '/v1/console/passkey');
  assert.equal(signed.length, 1, 'a signature is the most that it gets');

  await world.startAgain();
  const before = [...world.daemon.ledger.iterateEvents({ kind: 'passkey' })].length;
  for (const { body, headers, method, path } of taken) {
    const { authorization } = headers;
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
      ...(method === 'POST' ? { body } : {}),
    });
    const answer = await response.text();
    if (authorization !== undefined) assert.equal(response.status, 401, 'the session ended with its daemon');
    assert.ok(!/"session"|"secret"/.test(answer), `${method} ${path}: ${answer}`);
    if (path === '/v1/console/passkey') assert.equal(response.status, 401, answer);
  }
  assert.equal([...world.daemon.ledger.iterateEvents({ kind: 'passkey' })].length, before);
  assert.equal((await world.tradingState()).state, 'active');
  // With the daemon the same tab goes on.
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByText(/laptop, signed in until/).waitFor();
});

test('a tab that was left open asks to sign in again when the daemon was started anew [TM-70]', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t, { port: await findFreePort() });
  const seat = await openPage(t, world);
  await signIn(seat);
  const sent: string[] = [];
  seat.page.on('request', (request) => {
    if (request.headers().authorization !== undefined) sent.push(request.url());
  });
  await world.daemon.close();
  await seat.page.getByText(/does not answer; trying again/).waitFor();
  sent.length = 0;
  await world.startAgain();
  await seat.page.getByText(/the daemon was started anew. Sign in again/).waitFor();
  assert.deepEqual(sent, [], 'it was asked for a proof first, and had none');
  await signIn(seat);
  assert.deepEqual(seat.complaints, []);
});
