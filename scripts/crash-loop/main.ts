/**
 * `node scripts/run.mjs scripts/crash-loop/main.ts [--seconds 60]`: a daemon that is killed each second, on an exchange
 * that counts its requests. Prints JSON: the starts, how long each took, what was refused.
 */
import { parseArgs } from 'node:util';
import { runCrashLoop } from './run.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
process.stdout.write(`${JSON.stringify(await runCrashLoop(Number(values.seconds)))}\n`);
