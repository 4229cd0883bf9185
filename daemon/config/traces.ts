import type { Reading } from './reading.ts';
import { toLoopbackOrigin } from './venue-access.ts';

export interface TracesConfig {
  /** Origin of an OTLP collector on loopback. */
  readonly url: string;
  readonly withSizes: boolean;
}

/** What an agent does leaves this machine by no setting of ours: a collector of your own sends it on. */
export function readTraces(reading: Reading): TracesConfig | null {
  const text = reading.get('HOLDFAST_TRACES_URL');
  const withSizes = reading.isSet('HOLDFAST_TRACES_SIZES');
  if (text === null) return null;
  const url = toLoopbackOrigin(text);
  if (url !== null) return { url, withSizes };
  reading.refuse(
    'HOLDFAST_TRACES_URL',
    'must be http://127.0.0.1:PORT: plain http on a loopback address, nothing more',
  );
  return null;
}
