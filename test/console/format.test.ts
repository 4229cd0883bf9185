import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bare, percent, price, signedUsdt, tone, usdt } from '../../daemon/console/format.ts';

test('a figure that rounds to zero has neither a sign nor a colour', () => {
  for (const value of [0, -0, 0.004, -0.004]) {
    assert.equal(signedUsdt(value), '0.00', `${value}`);
    assert.equal(tone(value), '', `${value}`);
    assert.equal(usdt(value), '0.00', `${value}`);
    assert.equal(percent(value / 100), '0.00 %', `${value}`);
  }
  assert.equal(bare(-0, 'USDT'), '0');
  assert.equal(price(-0), '0');
});

test('a profit or loss has its sign and its colour', () => {
  assert.deepEqual([signedUsdt(1_234.5), tone(1_234.5)], ['+1,234.50', 'gain']);
  assert.deepEqual([signedUsdt(-0.005_1), tone(-0.005_1)], ['-0.01', 'loss']);
  assert.deepEqual([signedUsdt(null), tone(null)], ['–', '']);
});
