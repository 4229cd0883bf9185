import { join } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import type { TSchema } from 'typebox';
import { PolicySchema } from '../daemon/contract/policy/policy.ts';
import { AJV_OPTIONS } from '../daemon/contract/schema/ajv.ts';
import { bundleModule } from './bundle-module.ts';

/** daemon/contract/built/policy-validator.js: what ajv makes of the schema of policies, without ajv and the schema. */
export function buildPolicyValidator(root: string): Promise<string> {
  return buildValidator(root, PolicySchema);
}

/** With the few functions of ajv that it calls, and with the settings of every other check. */
async function buildValidator(root: string, schema: TSchema): Promise<string> {
  const ajv = new Ajv({ ...AJV_OPTIONS, code: { ...AJV_OPTIONS.code, source: true, esm: true } });
  const code = standalone.default(ajv, ajv.compile(withoutWords(JSON.parse(JSON.stringify(schema))) as object));
  return bundleModule(root, importingModules(root, code));
}

/** `const f = require("m").default` -> an import of m. */
function importingModules(root: string, code: string): string {
  const imports: string[] = [];
  const body = code.replaceAll(/require\("(ajv\/[\w/]+)"\)\.default/g, (_, module: string) => {
    const path = join(root, 'node_modules', `${module}.js`);
    imports.push(`import * as module${imports.length} from ${JSON.stringify(path)};`);
    const name = `module${imports.length - 1}`;
    return `(${name}.default?.default ?? ${name}.default)`;
  });
  if (body.includes('require(')) throw new Error('the validator requires what is not bundled');
  return `${imports.join('\n')}\n${body}`;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Descriptions are for editors; no violation quotes them. */
function withoutWords(part: Json): Json {
  if (Array.isArray(part)) return part.map(withoutWords);
  if (typeof part !== 'object' || part === null) return part;
  const kept = Object.entries(part).filter(([key, member]) => !(key === 'description' && typeof member === 'string'));
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutWords(member)]));
}
