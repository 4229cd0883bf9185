import { setPriority } from 'node:os';

const LOW = 10;

/** Of the calling thread alone, where the system knows such a thing. */
export function lowerPriority(): void {
  try {
    if (process.platform === 'linux') setPriority(LOW);
  } catch {
    // As quick as the others, then.
  }
}
