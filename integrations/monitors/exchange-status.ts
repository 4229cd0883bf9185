/**
 * Reports an exchange that says it is not well, or that says nothing:
 *
 *   node integrations/monitors/exchange-status.ts --token-file monitor.token \
 *     --url https://api.binance.com/sapi/v1/system/status --value /status --normal 0
 *
 * Any JSON status page will do: --value is a JSON pointer into it, --normal the value that means all is well. No answer,
 * or none with that value, counts as not well after --misses of them in a row.
 */
import { parseArgs } from 'node:util';
import {
  buildReporter,
  COMMON,
  fetchJson,
  positive,
  type Reported,
  type Reporter,
  repeat,
  required,
  valueAt,
} from './reporter.ts';

export interface StatusOptions {
  readonly url: string;
  readonly value: string;
  readonly normal: string;
  readonly misses: number;
}

export class ExchangeStatus {
  readonly #options: StatusOptions;
  readonly #reporter: Reporter;
  #misses = 0;

  constructor(options: StatusOptions, reporter: Reporter) {
    this.#options = options;
    this.#reporter = reporter;
  }

  async look(): Promise<Reported | 'normal' | 'missed'> {
    const { url, value, normal, misses } = this.#options;
    let evidence: string;
    try {
      const found = valueAt(await fetchJson(url), value);
      if (found === undefined) throw new Error(`there is no ${value} in the answer`);
      this.#misses = 0;
      if (String(found) === normal) return 'normal';
      evidence = `the exchange says ${JSON.stringify(found)} where ${normal} is normal`;
    } catch (error) {
      this.#misses += 1;
      if (this.#misses < misses) return 'missed';
      evidence = `the status was not readable ${this.#misses} times in a row: ${String(error)}`;
    }
    return this.#reporter.report({ kind: 'anomaly', scope: {}, severity: 1, evidence });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      ...COMMON,
      url: { type: 'string' },
      value: { type: 'string', default: '/status' },
      normal: { type: 'string', default: '0' },
      misses: { type: 'string', default: '3' },
      'look-ms': { type: 'string', default: '15000' },
    },
  });
  const { value, normal } = values;
  const options = { url: required(values, 'url'), value, normal, misses: positive(values, 'misses') };
  const status = new ExchangeStatus(options, buildReporter(values));
  await repeat(positive(values, 'look-ms'), () => status.look());
}
