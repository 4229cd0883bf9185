/** `node run-test.ts FILE OUT`: runs one test file as the runner does, and notes its CPU time, ms, at the end of OUT. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCpuMs } from '../tests/count-cpu.ts';
import { runShare } from '../tests/run-share.ts';
import { ROOT } from './draw.ts';

const [file = '', out = ''] = process.argv.slice(2);
process.on('exit', () => appendFileSync(out, `cpu ${Math.round(readCpuMs())}\n`));
await runShare(ROOT, [join(ROOT, file)]);
