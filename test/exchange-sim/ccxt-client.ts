import type { binanceusdm } from 'ccxt';
import type { ExchangeSim } from '../../daemon/exchange-sim/start.ts';

type Constructor = new (config: object) => binanceusdm;

/** Loads the one exchange class that is used, not the whole of ccxt. */
async function loadBinanceUsdm(): Promise<Constructor> {
  const url = new URL('./src/binanceusdm.js', import.meta.resolve('ccxt')).href;
  const module = (await import(url)) as { default: Constructor };
  return module.default;
}

/** Every REST address of ccxt's table put on the simulated exchange; a partial override would leave live ones. */
function redirect(api: Record<string, unknown>, base: string): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const [name, url] of Object.entries(api)) {
    if (typeof url === 'string') urls[name] = base + new URL(url).pathname;
  }
  return urls;
}

/** A ccxt client of the exchange, as a program would use it against the real one. */
export async function createCcxt(sim: ExchangeSim, options: object = {}): Promise<binanceusdm> {
  const Base = await loadBinanceUsdm();
  // The error tables are chosen by the address; on loopback the USD-M one has to be named.
  class Simulated extends Base {
    override getExceptionsByUrl(_url: string, key: string) {
      return super.getExceptionsByUrl('https://fapi.binance.com/', key);
    }
  }
  const api = redirect(new Base({}).urls.api as Record<string, unknown>, sim.url);
  const offset = Date.now() - sim.engine.state.nowMs;
  return new Simulated({
    apiKey: 'paper',
    secret: 'paper-secret',
    urls: { api },
    enableRateLimit: false,
    timeout: 2000,
    options: { fetchCurrencies: false, timeDifference: offset, adjustForTimeDifference: false, ...options },
  });
}
