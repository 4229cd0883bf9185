import { dirname } from 'node:path';
import { AlertDelivery } from '../alerts/delivery.ts';
import { parseAlertRoutes } from '../alerts/file.ts';
import { compareAlertRoutes } from '../alerts/looser.ts';
import { createSecretReader } from '../alerts/secrets.ts';
import { createSender } from '../alerts/send.ts';
import type { Config, Secrets } from '../config/config.ts';
import { formatViolation } from '../contract/schema/violations.ts';
import type { Gate } from '../driver/gate.ts';
import type { AlertOptions } from '../driver/parts.ts';
import type { AlertRoutesRead } from '../engine/operator/alert-routes.ts';
import type { Ledger } from '../ledger/types.ts';
import { watchFile } from '../policy/file.ts';
import { ABSENT, type FileRead, type OpenFilePort, readPolicyFile } from '../policy/text/read-file.ts';
import type { TimePort } from '../time/time-port.ts';
import { StartError } from './start-error.ts';

const POLL_MS = 2_000;

/** Alerts that leave this machine: the file of their routes, and their delivery. */
export class Alerts {
  readonly #config: Config;
  readonly #secrets: Secrets['alerts'];
  readonly #time: TimePort;
  readonly #openFile: OpenFilePort | undefined;
  #delivery: AlertDelivery | null = null;
  consoleUrl: string | null = null;

  constructor(config: Config, secrets: Secrets['alerts'], time: TimePort, openFile?: OpenFilePort) {
    this.#config = config;
    this.#secrets = secrets;
    this.#time = time;
    this.#openFile = openFile;
  }

  /** What the gate needs of it. */
  readonly forGate: AlertOptions = {
    compareRoutes: compareAlertRoutes,
    test: async (channel, setBy) => (await this.#delivery?.test(channel, setBy)) ?? { results: [] },
  };

  /** After the first contact, since records need the domain clock: offers the file, and delivers. Returns how to stop. */
  begin(gate: Gate, ledger: Ledger, signal: AbortSignal): () => Promise<void> {
    const sender = createSender(this.#time, this.#config.alertsExec);
    const delivery = new AlertDelivery({
      core: gate.core,
      time: this.#time,
      send: sender.send,
      readSecret: createSecretReader(dirname(this.#config.alertsPath), this.#secrets),
      consoleUrl: () => this.consoleUrl,
      onCommitted: (listener) => ledger.onCommitted(listener),
    });
    this.#delivery = delivery;
    delivery.start();
    this.#followFile(gate, signal);
    return async () => {
      await delivery.close();
      await sender.close();
    };
  }

  #followFile(gate: Gate, signal: AbortSignal): void {
    const path = this.#config.alertsPath;
    const follow = async (): Promise<void> => {
      const loaded = await readPolicyFile(path, this.#openFile);
      if (signal.aborted) return;
      this.#offer(gate, loaded, 'start');
      await watchFile(path, (read) => this.#offer(gate, read, 'file'), signal, {
        time: this.#time,
        pollMs: POLL_MS,
        loaded,
        openFile: this.#openFile,
      });
    };
    follow().catch((error: unknown) =>
      gate.core.ports.log.error({ error: String(error) }, 'the file of alert routes is no longer watched'),
    );
  }

  #offer(gate: Gate, file: FileRead, setBy: string): void {
    // Nobody has to have routes; who had some keeps them, and who names a file means it.
    const isAbsent = !file.ok && file.problem === ABSENT && !this.#config.isAlertsNamed;
    if (isAbsent && gate.core.state.outbox.routes === null) gate.alertRoutes.error = null;
    else gate.alertRoutes.offerInBackground(parseRoutes(file, this.#config), setBy);
  }
}

function parseRoutes(file: FileRead, { alertsExec }: Config): AlertRoutesRead {
  if (!file.ok) return { ok: false, problem: file.problem };
  const parsed = parseAlertRoutes(file.text, alertsExec);
  if (parsed.ok) return { ok: true, routes: { spec: parsed.spec, hash: parsed.hash } };
  return { ok: false, problem: parsed.violations.map(formatViolation).join('; ') };
}

/**
 * A home in which no policy was ever in force has nothing to close: whatever is wrong with its files refuses the start.
 *
 * @throws StartError
 */
export async function refuseFirstStart(config: Config, fileProblem: string | null): Promise<void> {
  if (fileProblem !== null) throw new StartError(fileProblem);
  await requireNamedRoutes(config);
}

/** For a first start, which holds nothing that would have to be closed. @throws StartError if a named file is no routes */
export async function requireNamedRoutes(config: Config): Promise<void> {
  if (!config.isAlertsNamed) return;
  const parsed = parseRoutes(await readPolicyFile(config.alertsPath), config);
  if (!parsed.ok) throw new StartError(`the file of alert routes ${config.alertsPath}: ${parsed.problem}`);
}
