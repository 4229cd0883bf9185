import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeReportCsv } from '../../daemon/http/routes/account-routes.ts';
import { reportBody } from './fake-gate.ts';
import { startServer } from './http-kit.ts';

test('a report is a table for who asks for CSV, by format or by Accept [AN-239]', async (t) => {
  const server = await startServer(t);
  const operator = { role: 'operator' } as const;
  for (const [path, headers] of [
    ['/v1/report?format=csv', {}],
    ['/v1/report', { accept: 'text/csv' }],
  ] as const) {
    const got = await server.call('GET', path, { ...operator, headers });
    assert.equal(got.status, 200, got.text);
    assert.match(String(got.headers['content-type']), /^text\/csv/);
    const [head, first, nobody] = got.text.split('\r\n');
    assert.match(head ?? '', /^period,agent,symbol,realised_usdt,fees_usdt,.*,fills$/);
    assert.equal(first, '2026-11-26,momentum,BTCUSDT,12.5,0.75,-0.25,0,11.5,0,1.5,13,1500,0.3,2,4');
    assert.match(nobody ?? '', /^2026-11-26,,,12.5/);
  }
  const json = await server.call('GET', '/v1/report?format=json', { ...operator, headers: { accept: 'text/csv' } });
  assert.match(String(json.headers['content-type']), /^application\/json/);
});

test('a cell that a spreadsheet would compute is text [TM-12]', () => {
  const report = reportBody();
  const rows = [{ ...report.rows[0]!, agent: '=cmd|"/c calc"!A1', symbol: 'A,B' }];
  assert.match(writeReportCsv({ ...report, rows }), /\r\n2026-11-26,"'=cmd\|""\/c calc""!A1","A,B",/);
});

test('what is no period, or is not kept, is told; an agent without the scope of the account learns nothing [AN-202 AN-238]', async (t) => {
  const server = await startServer(t);
  for (const query of [
    'day=26-11-2026',
    'day=2026-13-01',
    'day=2026-11-32',
    'week=2026-48',
    'week=2026-W54',
    'week=2026-W00',
    'day=today&week=this',
    'format=xml',
    'month=1',
  ])
    assert.equal((await server.call('GET', `/v1/report?${query}`, { role: 'operator' })).status, 400, query);
  assert.equal((await server.call('GET', '/v1/report?day=yesterday', { role: 'operator' })).status, 404);
  assert.equal((await server.call('GET', '/v1/agents/nobody', { role: 'operator' })).status, 404);
  server.gate.unreadable = ['get_account'];
  for (const path of ['/v1/agents', '/v1/agents/momentum', '/v1/report'])
    assert.equal((await server.call('GET', path, { role: 'agent' })).status, 403, path);
});

test('who may see every decision is told that there is none, an agent that it has none', async (t) => {
  const server = await startServer(t);
  for (const [role, message] of [
    ['operator', 'There is no such decision.'],
    ['agent', 'There is no such decision of yours.'],
  ] as const) {
    const { json, status } = await server.call('GET', '/v1/decisions/d_0123456789abcdef01234567', { role });
    assert.equal(status, 404);
    assert.equal((json as { error: { message: string } }).error.message, message);
  }
});
