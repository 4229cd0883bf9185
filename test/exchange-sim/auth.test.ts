import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { ApiError, Params } from '../../daemon/exchange-sim/refusals/params.ts';
import { checkKey, checkSignature, sign, signedPayload } from '../../daemon/exchange-sim/rest/auth.ts';
import { readFixture } from '../fixtures/recorded.ts';

// The example of the exchange's public documentation; its credentials are no secret.
const SECRET = '2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9';
const PAYLOAD =
  'symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943';
const SIGNATURE = '3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9';
const SENT_MS = 1_591_702_613_943;

function codeOf(run: () => void): number | null {
  try {
    run();
    return null;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error.rejection.code;
  }
}

function check(query: string, body: string, serverMs: number, scale = 1): number | null {
  const request = { query, body, params: new Params(query, body) };
  return codeOf(() => checkSignature(request, SECRET, { earliestMs: serverMs, latestMs: serverMs, scale }));
}

describe('request signing', () => {
  it('signs the documented example', () => {
    assert.equal(sign(PAYLOAD, SECRET), SIGNATURE);
  });

  it('signs as the HMAC of the standard, with keys of any length', () => {
    for (const secret of ['', 'a', 'x'.repeat(64), 'y'.repeat(65), 'ü'.repeat(70)])
      for (const payload of ['', PAYLOAD, 'é'.repeat(300)])
        assert.equal(sign(payload, secret), createHmac('sha256', secret).update(payload).digest('hex'));
  });

  it('signs the reference vector', () => {
    const vector = readFixture<{ secret: string; payload: string; signature: string }>('vectors/binance_hmac.json');
    assert.equal(sign(vector.payload, vector.secret), vector.signature);
  });

  it('accepts the parameters in the query, in the body, or split over both', () => {
    assert.equal(check(`${PAYLOAD}&signature=${SIGNATURE}`, '', SENT_MS), null);
    assert.equal(check('', `${PAYLOAD}&signature=${SIGNATURE}`, SENT_MS), null);
    const query = 'symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC';
    const body = `quantity=1&price=9000&recvWindow=5000&timestamp=${SENT_MS}`;
    // The documented mixed example: query and body are joined without a separator.
    const signature = sign(query + body, SECRET);
    assert.equal(check(query, `${body}&signature=${signature}`, SENT_MS), null);
    assert.equal(signedPayload(`signature=ab&${query}`, body), `&${query}${body}`);
  });

  it('refuses a changed parameter with -1022', () => {
    assert.equal(check(`${PAYLOAD.replace('price=9000', 'price=9001')}&signature=${SIGNATURE}`, '', SENT_MS), -1022);
    assert.equal(check(`${PAYLOAD}&signature=abc`, '', SENT_MS), -1022);
  });

  it('wants timestamp and signature', () => {
    assert.equal(check(`symbol=BTCUSDT&signature=${SIGNATURE}`, '', SENT_MS), -1102);
    assert.equal(check(PAYLOAD, '', SENT_MS), -1102);
  });

  it('accepts a timestamp iff it is less than a second ahead and no older than recvWindow', () => {
    const query = `${PAYLOAD}&signature=${SIGNATURE}`;
    assert.equal(check(query, '', SENT_MS - 999), null);
    assert.equal(check(query, '', SENT_MS - 1000), -1021);
    assert.equal(check(query, '', SENT_MS + 5000), null);
    assert.equal(check(query, '', SENT_MS + 5001), -1021);
  });

  it('widens the window with the speed of the clock', () => {
    const query = `${PAYLOAD}&signature=${SIGNATURE}`;
    assert.equal(check(query, '', SENT_MS + 50_000, 10), null);
    assert.equal(check(query, '', SENT_MS + 50_001, 10), -1021);
  });

  it('refuses a missing key with -2014 and a wrong one with -2015', () => {
    assert.equal(
      codeOf(() => checkKey(undefined, 'paper')),
      -2014,
    );
    assert.equal(
      codeOf(() => checkKey('other', 'paper')),
      -2015,
    );
    assert.equal(
      codeOf(() => checkKey('paper', 'paper')),
      null,
    );
  });
});
