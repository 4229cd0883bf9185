import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRedactor } from '../../daemon/venue/wire/redaction.ts';
import { forAll } from '../for-all.ts';

test('query strings, signatures, keys and logins are removed and the rest stays readable', () => {
  const redact = createRedactor([]);
  const hex = 'ab'.repeat(32);
  const rows: readonly [string, string][] = [
    [
      `binanceusdm GET https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&timestamp=1&signature=${hex} fetch failed`,
      'binanceusdm GET https://fapi.binance.com/fapi/v1/order?[redacted] fetch failed',
    ],
    ['GET /fapi/v1/account?recvWindow=5000&x=1 404', 'GET /fapi/v1/account?[redacted] 404'],
    [`body timestamp=1&signature=${hex}`, 'body timestamp=1&signature=[redacted]'],
    ['"X-MBX-APIKEY": "abcdef"', '"X-MBX-APIKEY": "[redacted]"'],
    ['http://user:pass@127.0.0.1:9/x', 'http://127.0.0.1:9/x'],
    [`digest ${hex}.`, 'digest [redacted].'],
    ['{"code":-2019,"msg":"Margin is insufficient."}', '{"code":-2019,"msg":"Margin is insufficient."}'],
  ];
  for (const [text, expected] of rows) assert.equal(redact(text), expected);
});

test('no spelling of a planted secret survives, wherever it stands', () => {
  const secrets = fc.array(fc.string({ minLength: 8, maxLength: 70 }), { minLength: 1, maxLength: 3 });
  const filler = fc.string({ maxLength: 60 });
  forAll([secrets, filler, filler, fc.nat(6)], { seed: 3, numRuns: 400 }, (planted, before, after, spelling) => {
    const redact = createRedactor(planted);
    for (const secret of planted) {
      const encoded = encodeURIComponent(secret);
      const forms: readonly [written: string, hidden: string][] = [
        [secret, secret],
        [encoded, encoded],
        [JSON.stringify(secret), JSON.stringify(secret).slice(1, -1)],
        [Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('base64')],
        [Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('hex')],
        [`https://api.binance.com/x?key=${encoded}`, encoded],
        [`${secret}${secret}`, secret],
      ];
      const [written, hidden] = forms[spelling] ?? assert.fail('no such spelling');
      const clean = redact(`${before}${written}${after}`).replaceAll('[redacted]', '\u0000');
      const isInFiller = `${before}\u0000${after}`.includes(hidden);
      assert.ok(isInFiller || !clean.includes(hidden), clean);
    }
  });
});

test('a text is bounded and an empty secret removes nothing', () => {
  const redact = createRedactor(['']);
  assert.equal(redact('plain'), 'plain');
  assert.ok(redact('x y '.repeat(1000)).length <= 401);
});
