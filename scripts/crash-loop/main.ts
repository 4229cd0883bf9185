import { parseArgs } from 'node:util';
import { runCrashLoop } from './run.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
process.stdout.write(`${JSON.stringify(await runCrashLoop(Number(values.seconds)))}\n`);
