/**
 * A reporter of node's test runner that says only what failed, so that a long log can end with it: each failed test
 * with its file and the text of its error, and what a file as a whole did. Tests that failed only because of one
 * inside them are left out.
 */
export default async function* failuresReporter(source) {
  for await (const { data, type } of source) {
    if (type === 'test:stderr' && OF_A_FILE.test(data.message)) yield `== ${data.message}`;
    if (type !== 'test:fail' || data.details.error.failureType === 'subtestsFailed') continue;
    const { cause, message } = data.details.error;
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? message);
    yield `== ${data.file ?? ''}: ${data.name}\n${text.slice(0, MAX_CHARACTERS)}\n`;
  }
}

/** What `run-share.ts` says of a file. */
const OF_A_FILE = / left open: | does not end by itself| threw where no test was waiting/;
/** Of one error: a difference of two large objects would hide the other failures. */
const MAX_CHARACTERS = 4_000;
