#!/usr/bin/env node
/** The command `holdfast`: from source in a checkout, from the JavaScript of the tarball where npm installed one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runFile } from './run-file.mjs';

const source = new URL('../daemon/cli/main.ts', import.meta.url);
const packed = new URL('../dist/daemon/cli/main.js', import.meta.url);
const args = process.argv.slice(2);
const entry = [fileURLToPath(import.meta.url), ...args];
await runFile(existsSync(source) ? source : packed, args, { entry, tools: false });
