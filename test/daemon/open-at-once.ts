import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { OpenFilePort } from '../../daemon/policy/text/read-file.ts';

/** A file that is read within the instant: threads that read it would take real time, in which virtual time stands. */
export const openAtOnce: OpenFilePort = (path, flags) => {
  const file = openSync(path, flags);
  return { stat: () => fstatSync(file), readFile: () => readFileSync(file), close: () => closeSync(file) };
};
