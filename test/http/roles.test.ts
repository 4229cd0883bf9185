import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Role } from '../../daemon/engine/records/callers.ts';
import type { UnlistenedServer } from '../../daemon/http/unlistened-server.ts';
import type { Cleanups } from '../temp-folder.ts';
import { openEveryRoute } from './every-route.ts';
import { SECRETS } from './http-kit.ts';

const ROLES = Object.keys(SECRETS) as readonly Role[];
type Access = 'open' | readonly Role[];
const PAGE = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

/** The rows of the table: route and roles. */
function readTable(page: string): ReadonlyMap<string, Access> {
  const [, table = ''] = /\| route \| role \| what \|\n\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  const rows = table.split('\n').filter((line) => line !== '');
  return new Map(
    rows.flatMap((row) => {
      const [routes = '', roles = ''] = row.replace(/^\| /, '').split(' | ');
      const access = /\bopen\b/.test(roles) ? 'open' : ROLES.filter((role) => new RegExp(`\\b${role}\\b`).test(roles));
      return [...routes.matchAll(/`([^`]+)`/g)].map(([, route = '']) => [route, access] as const);
    }),
  );
}

async function openServer(t: Cleanups): Promise<UnlistenedServer> {
  const identities = new Map(
    ROLES.map((role) => [SECRETS[role], { role, agent: role, id: `tok_${role}`, skillSha256: null }]),
  );
  const server = await openEveryRoute((secret) => identities.get(secret) ?? null);
  t.after(() => void server.close());
  return server;
}

/** Calls with nothing that a handler accepts: a guard comes before all that. */
async function askAs(server: UnlistenedServer, route: string, role: Role | null) {
  const [method = '', pattern = ''] = route.split(' ');
  return server.ask({
    method,
    path: pattern.replace('*', 'x').replaceAll(/:\w+/g, 'x'),
    headers: { 'last-event-id': 'none', ...(role === null ? {} : { authorization: `Bearer ${SECRETS[role]}` }) },
  });
}

async function findAccess(server: UnlistenedServer, route: string): Promise<Access> {
  const nobody = await askAs(server, route, null);
  const admitted: Role[] = [];
  for (const role of ROLES) {
    const { status, text } = await askAs(server, route, role);
    assert.notEqual(status, 401, `${route} as ${role}`);
    if (status !== 403 || !/A token of role \w+ may not call/.test(text)) admitted.push(role);
  }
  if (nobody.status === 401) return admitted;
  assert.deepEqual(admitted, ROLES, `${route} is open, and refuses a token`);
  return 'open';
}

/** The row of a route: of `/v1/tools/place_order` that of `/v1/tools/{tool}`. */
function findRow(table: ReadonlyMap<string, Access>, route: string): string | undefined {
  const parts = route.split('/');
  return [...table.keys()].find((row) => {
    const pattern = row.split('/');
    const isSame = (part: string, at: number) => part === parts[at] || (part.startsWith('{') && parts[at] !== '');
    return pattern.length === parts.length && pattern.every(isSame);
  });
}

test('every route admits the roles of its row in docs/api.md, and every row is a route [TM-25 TM-26 TM-27]', async (t) => {
  const table = readTable(PAGE);
  assert.ok(table.size > 50, `${table.size} routes are in the table`);
  const server = await openServer(t);
  assert.ok(server.routes.length > 50, `${server.routes.length} routes`);
  const seen = new Set<string>();
  const found = new Map<string, Access>();
  const written = new Map<string, Access | undefined>();
  for (const route of server.routes) {
    const row = findRow(table, route) ?? 'no row';
    seen.add(row);
    found.set(route, await findAccess(server, route));
    written.set(route, table.get(row));
  }
  assert.deepEqual(found, written);
  assert.deepEqual(
    [...table.keys()].filter((row) => !seen.has(row)),
    [],
    'rows of docs/api.md without a route',
  );
});

test('a token of role metrics opens nothing that is not open [TM-29]', async (t) => {
  const server = await openServer(t);
  const opened = [...readTable(PAGE)].filter(([, access]) => access !== 'open' && access.includes('metrics'));
  assert.deepEqual(opened, []);
  const open = { authorization: `Bearer ${SECRETS.metrics}` };
  for (const path of ['/metrics', '/healthz', '/readyz'])
    assert.equal((await server.ask({ method: 'GET', path, headers: open })).status, 200, path);
  const { status, text } = await server.ask({ method: 'GET', path: '/v1/account', headers: open });
  assert.equal(status, 403);
  assert.match(
    text,
    /A token of role metrics may not call GET \/v1\/account, which takes agent or monitor or operator/,
  );
});
