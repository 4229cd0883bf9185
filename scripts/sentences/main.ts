/** A step of `npm run check`: every sentence that promises something is named by a test, and no test names another. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProblems, readSentences } from './compare.ts';

const sentences = readSentences(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const problems = findProblems(sentences);
for (const problem of problems) process.stdout.write(`${problem}\n`);
const count = sentences.texts.reduce((sum, text) => sum + text.sentences.length, 0);
process.stdout.write(
  `${sentences.files} files, ${count} promises, ${sentences.notes} notes, ${problems.length} problems\n`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
