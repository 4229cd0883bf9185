/**
 * A reporter of node's test runner that says only what failed, so that a long log can end with it: each failed test
 * with its file and the text of its error. Tests that failed only because of one inside them are left out.
 */
export default async function* failuresReporter(source) {
  for await (const { data, type } of source) {
    if (type !== 'test:fail' || data.details.error.failureType === 'subtestsFailed') continue;
    const { cause, message } = data.details.error;
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? message);
    yield `== ${data.file ?? ''}: ${data.name}\n${text.slice(0, MAX_CHARACTERS)}\n`;
  }
}

/** Of one error: a difference of two large objects would hide the other failures. */
const MAX_CHARACTERS = 4_000;
