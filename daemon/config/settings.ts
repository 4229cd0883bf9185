import { KEY_PREFIXES, type KeyPrefix, SIMULATED_VENUE, VENUE_NAMES, VENUES } from '../core/venues.ts';

/** Every environment variable that is read, with its text in `--help`. */
export interface Setting {
  readonly text: string;
  /** Placeholder of the flag's value; null: a switch, set by `1` or `true`. */
  readonly value: string | null;
  /**
   * `secret`: never a flag (other users see command lines), never shown. `client`: for the other verbs, not for
   * `start`.
   */
  readonly kind?: 'secret' | 'client';
}

const setting = (value: string | null, text: string, kind?: Setting['kind']): Setting =>
  kind === undefined ? { value, text } : { value, text, kind };

/** API key and secret of a venue, each as itself or in a file. */
export type KeyName = `${KeyPrefix}_API_${'KEY' | 'SECRET'}`;
function describeKeys(): { readonly [name in KeyName | `${KeyName}_FILE`]: Setting } {
  const rows = VENUE_NAMES.flatMap((venue) => {
    const { keyPrefix } = VENUES[venue];
    if (keyPrefix === null) return [];
    return (['KEY', 'SECRET'] as const).flatMap((part): [string, Setting][] => {
      const text = `API ${part.toLowerCase()} of ${venue}`;
      const name = `${keyPrefix}_API_${part}`;
      return [
        [name, setting(part, text, 'secret')],
        [`${name}_FILE`, setting('FILE', `file with the ${text}`)],
      ];
    });
  });
  return Object.fromEntries(rows) as { readonly [name in KeyName | `${KeyName}_FILE`]: Setting };
}

export const SETTINGS = {
  HOLDFAST_HOME: setting('DIR', 'folder of ledgers and tokens (~/.holdfast)'),
  HOLDFAST_HEAD_FILE: setting('FILE', "the ledger's head file, outside the home (HOME.VENUE.head, beside it)"),
  HOLDFAST_LOCK_FOLDER: setting(
    'DIR',
    "where the daemons of a user lock their accounts, the same for all (.holdfast-locks in the user's home)",
  ),
  HOLDFAST_VENUE: setting('NAME', `${VENUE_NAMES.join(', ').replace(/, (?=[^,]*$)/, ' or ')} (${SIMULATED_VENUE})`),
  HOLDFAST_POLICY: setting('FILE', 'policy file (policies/default.yaml of the package)'),
  HOLDFAST_ALERTS: setting('FILE', 'file of alert routes (alerts.yaml beside the policy file, if there is one)'),
  HOLDFAST_ALERTS_EXEC: setting(null, 'permit alert channels that run a program'),
  HOLDFAST_HOST: setting('ADDRESS', 'address to listen on (127.0.0.1)'),
  HOLDFAST_PORT: setting('N', 'port to listen on, 0 for a free one (7433)'),
  HOLDFAST_SOCKET: setting('PATH', 'unix socket to listen on instead of host and port'),
  HOLDFAST_ALLOWED_HOSTS: setting('LIST', 'additional names allowed in a Host header, separated by commas'),
  HOLDFAST_CONSOLE_ORIGIN: setting(
    'ORIGIN',
    'serve the console for phones, too, behind a proxy with TLS: https and the name that phones use (none)',
  ),
  HOLDFAST_CONSOLE_PORT: setting('N', 'port of loopback that this proxy leads to'),
  HOLDFAST_PAPER_URL: setting('URL', 'address of a running simulated exchange (http on loopback); else one is started'),
  HOLDFAST_PAPER_KEY: setting('KEY', 'its API key (paper)'),
  HOLDFAST_PAPER_SECRET: setting('SECRET', 'its API secret (paper-secret)'),
  HOLDFAST_SIM_TOKEN: setting('TOKEN', 'its control token (written to tokens/sim.token)', 'secret'),
  HOLDFAST_MARKET: setting('WHAT', 'paper market: synthetic, or a folder or CSV file of bars (synthetic)'),
  HOLDFAST_SEED: setting('N', 'seed of the synthetic market'),
  HOLDFAST_SPEED: setting('X', 'milliseconds of paper market time per millisecond (1)'),
  HOLDFAST_LOG_LEVEL: setting('LEVEL', 'trace, debug, info, warn, error, fatal or silent (info)'),
  HOLDFAST_ANSWER_WITHIN_MS: setting('MS', 'longest wait for the venue before the answer says `submitting` (3000)'),
  HOLDFAST_ARCHIVE_BEFORE: setting('AGE', 'archive records older than this, such as 30d (never)'),
  HOLDFAST_LEAVE_ORDERS: setting(
    null,
    'leave resting opening orders in place, till their good-till-date, when the daemon stops',
  ),
  HOLDFAST_COUNTDOWN: setting(
    'WHAT',
    "what Binance's countdown cancels, as `doctor --exercise` saw it on demo: regular or all (unknown)",
  ),
  HOLDFAST_LIVE_ARMED: setting(null, 'permit binance-live; it also needs `./holdfast arm`'),
  HOLDFAST_TRACES_URL: setting('URL', 'collector (OTLP, http on loopback) that gets a trace of each execution (none)'),
  HOLDFAST_TRACES_SIZES: setting(null, 'put symbols and sizes into traces'),
  HOLDFAST_TOKEN: setting('TOKEN', 'bearer token of the command line', 'client'),
  ...describeKeys(),
} as const satisfies Record<string, Setting>;

/** Rule for the control token of the simulated exchange, which goes into a header. */
export const SIM_TOKEN = /^[\x21-\x7e]{1,256}$/;
export const SIM_TOKEN_RULE = '1 to 256 printable characters without spaces are expected';

export type SettingName = keyof typeof SETTINGS;
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];
export type Environment = Readonly<Record<string, string | undefined>>;
/** Values of flags, by the variable that each sets. */
export type Flags = Readonly<Partial<Record<SettingName, string>>>;

/** Flags of `start`: the variable's name in lower case, without `HOLDFAST_`. */
export const START_FLAGS: readonly { readonly name: SettingName; readonly flag: string; readonly setting: Setting }[] =
  SETTING_NAMES.flatMap((name) => {
    const setting: Setting = SETTINGS[name];
    if (setting.kind !== undefined) return [];
    return [
      {
        name,
        setting,
        flag: `--${name
          .replace(/^HOLDFAST_/, '')
          .toLowerCase()
          .replaceAll('_', '-')}`,
      },
    ];
  });

/** Secrets of alert channels, which the file of alert routes names. */
export const ALERT_SECRET_NAMES = /^HOLDFAST_ALERTS_SECRET_[A-Z0-9_]{1,64}$/;
/** Prefixes of our names: an unknown one is a typo, and could leave a limit unset. */
export const OUR_NAMES = new RegExp(`^(?:HOLDFAST(?!_ALERTS_SECRET_)|${KEY_PREFIXES.join('|')})_`);
