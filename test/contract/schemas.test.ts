import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import * as Type from '../../daemon/contract/built/typebox.js';
import { AJV_OPTIONS } from '../../daemon/contract/schema/ajv.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'daemon', 'contract');
/** The daemon does without this check: it takes longer than all others of a start. */
const ajv = new Ajv(AJV_OPTIONS);

const isSource = (file: string): boolean => /\.ts$/.test(file) && !/\.d\.ts$/.test(file);

function isSchema(value: unknown): value is object {
  return typeof value === 'object' && value !== null && '~kind' in value;
}

test('every schema of the contract is a schema of its dialect', async () => {
  const found: string[] = [];
  for (const file of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(isSource)) {
    const module = (await import(join(FOLDER, file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (!isSchema(value)) continue;
      found.push(`${file} ${name}`);
      assert.equal(ajv.validateSchema(value), true, `${file} ${name}: ${ajv.errorsText()}`);
    }
  }
  assert.ok(found.length > 100, `${found.length} schemas`);
});

test('a member that its keyword does not permit is found', () => {
  const limit = { minLength: 'two' as unknown as number };
  assert.equal(ajv.validateSchema(Type.Object({ name: Type.String(limit) })), false);
});
