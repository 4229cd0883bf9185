/** Who may import whom. A unit is a folder of daemon/, or one of its files (`main`, `config`). */
export interface UnitRule {
  /** Units whose values may be imported. */
  readonly values: readonly string[];
  /** Units of which only types may be imported. */
  readonly types: readonly string[];
}
const rule = (values: readonly string[], types: readonly string[] = []): UnitRule => ({ values, types });

/** A folder of daemon/ that is missing here is refused: adding one is a decision about the architecture. */
export const UNITS: Readonly<Record<string, UnitRule>> = {
  core: rule([]),
  // The clock and the timers that everything else is handed: a port, and the process's own.
  time: rule([]),
  // One function of state, input and time (docs/architecture.md): it knows no caller.
  engine: rule(['core'], ['contract']),
  contract: rule(['core', 'engine']),
  policy: rule(['core', 'contract'], ['time']),
  // What callers see: pure functions of the state.
  reads: rule(['core', 'engine'], ['contract']),
  // Runs what the engine asks for. Everything else arrives as a port.
  driver: rule(['core', 'engine', 'reads'], ['time', 'contract']),
  // Adapters know the ports they fill, and never each other.
  ledger: rule(['core'], ['engine', 'time']),
  venue: rule(['core', 'engine'], ['driver', 'time']),
  // A second opinion on margin and liquidation: it shares no code with the gate.
  'exchange-sim': rule(['time']),
  // How the daemon proves itself, for both sides.
  proof: rule([]),
  // The Model Context Protocol: what it needs of the daemon arrives as a port.
  mcp: rule(['core']),
  // WebAuthn: which signature is good. What is recorded of it is the engine's.
  passkeys: rule(['core'], ['engine', 'contract']),
  http: rule(['core', 'engine', 'contract', 'mcp', 'passkeys', 'proof']),
  // What the operator's browser runs; of the daemon it knows the tables of core and the bodies of its answers.
  console: rule(['core'], ['engine', 'contract']),
  // What leaves this machine for people: records and the clock arrive as ports.
  alerts: rule(['core', 'contract', 'policy'], ['engine', 'driver', 'time']),
  cli: rule(['core', 'engine', 'contract', 'config', 'mcp', 'proof']),
  config: rule(['core', 'contract']),
  // The evaluation runs the engine on recorded markets; margin and liquidation are the exchange's.
  evaluation: rule(['core', 'engine', 'contract', 'policy', 'exchange-sim']),
  // Parts of the composition root.
  boot: rule([
    'core',
    'engine',
    'contract',
    'policy',
    'driver',
    'ledger',
    'config',
    'http',
    'passkeys',
    'time',
    'venue',
    'exchange-sim',
    'alerts',
  ]),
  main: rule([
    'core',
    'engine',
    'contract',
    'policy',
    'driver',
    'ledger',
    'venue',
    'exchange-sim',
    'http',
    'config',
    'boot',
    'time',
    'alerts',
  ]),
};

/** Folders that stand higher than their unit. */
export const FOLDER_RULES: Readonly<Record<string, UnitRule>> = {
  // Verbs that work without a running daemon: they start it, or reach for the one folder that they are about.
  'daemon/cli/local/': rule(Object.keys(UNITS)),
};

/**
 * A unit with rooms. A room is a folder of the unit, or one of its files, and may import rooms of lower floors only; those
 * of one floor do not know each other.
 */
export interface Rooms {
  /** From the ground up. A room that is named nowhere is refused. */
  readonly floors: readonly (readonly string[])[];
  /** Rooms that know fewer others than their floor allows, or none but these. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
  /** Rooms of the unit that others may import, by unit; the others may import any. */
  readonly doors?: Readonly<Record<string, { readonly values: readonly string[]; readonly types: readonly string[] }>>;
}
export const ROOMS: Readonly<Record<string, Rooms>> = {
  engine: {
    floors: [
      ['words.ts', 'tables'],
      // What records say, and what a venue says.
      ['records'],
      // From here on: records -> state.
      ['kept'],
      ['positions'],
      ['orders'],
      ['accounts', 'callers'],
      ['state'],
      // State -> what a decision sees.
      ['readings'],
      ['snapshot'],
      // State -> what goes out next. None of it records.
      ['plan'],
      ['openings', 'claims', 'protect'],
      ['audit'],
      // What follows step by step, and what it asks of whoever drives it.
      ['flow'],
      // A decision and its record; an order's way out and back; what carries decisions out and guards what is held.
      ['decide'],
      ['sending'],
      ['feeds', 'guard'],
      ['trades', 'exits'],
      ['keeper'],
      // Acts of callers, and of operators; all parts of an account that is live.
      ['calls'],
      ['operator'],
      ['live'],
    ],
    doors: {
      contract: { values: ['tables'], types: ['records'] },
      venue: { values: ['tables'], types: ['records'] },
    },
  },
  evaluation: {
    floors: [
      ['facts', 'worker-pool.ts'],
      ['market', 'judge', 'intents'],
      ['attacks', 'exchange'],
      ['agents', 'conformance', 'engine'],
      ['run'],
      ['metrics'],
      ['report'],
      ['setup'],
      ['tune', 'worker.ts'],
      ['replay.ts'],
      ['run-report.ts'],
    ],
    only: {
      // A second opinion: it shares no code with what it judges.
      judge: ['facts'],
      // What agents and attackers ask for, of a replay and of a running executor alike.
      intents: ['facts'],
      attacks: ['facts', 'intents'],
      // It attacks a running daemon from outside, over HTTP, and reads the exchange's books.
      conformance: ['facts', 'intents', 'attacks'],
    },
  },
  policy: {
    floors: [
      ['text', 'checks', 'compare.ts'],
      ['parse.ts', 'explain.ts'],
      ['file.ts', 'reload.ts', 'cases'],
    ],
  },
  ledger: {
    floors: [
      ['errors.ts'],
      ['disk'],
      ['types.ts'],
      ['chain'],
      ['archive', 'proofs', 'tokens.ts'],
      ['reader.ts'],
      ['verify', 'remove-archived.ts'],
      ['ledger.ts'],
      ['token-command.ts'],
    ],
  },
  venue: {
    floors: [['wire'], ['tables'], ['reads', 'venue-orders.ts'], ['create-venue.ts']],
  },
  'exchange-sim': {
    floors: [
      ['clock.ts', 'core'],
      // How a request is read, and refused.
      ['market', 'refusals'],
      ['faults', 'saved-account.ts'],
      ['storage.ts'],
      ['exchange.ts'],
      ['open.ts', 'rest'],
      ['start.ts'],
    ],
  },
  http: {
    floors: [
      ['errors.ts', 'logging.ts'],
      ['streams'],
      // Who gets in.
      ['entrance'],
      ['requests'],
      ['routes', 'tools'],
      ['house.ts'],
      ['remote-entrance.ts'],
      ['server.ts'],
      ['unlistened-server.ts'],
    ],
  },
  cli: {
    floors: [
      ['exit-codes.ts', 'terminal.ts', 'completion-scripts.ts'],
      ['verb.ts', 'render'],
      ['client'],
      ['watch', 'local'],
      ['verbs'],
      ['run.ts'],
      ['main.ts'],
    ],
  },
  boot: {
    floors: [
      ['start-error.ts', 'paper.ts', 'low-priority.ts', 'start-cache.ts', 'figures'],
      ['account-lock.ts', 'alerts.ts', 'keep', 'live.ts', 'policy'],
      ['entrances.ts', 'keep-history.ts', 'ledger', 'open-gate.ts', 'recovery.ts'],
      ['recover.ts'],
    ],
  },
};

/** Units that a room may not import although its unit may; types of core excepted where they are named. */
export const ROOM_UNITS: Readonly<Record<string, UnitRule>> = {
  'evaluation/judge': rule([], ['core']),
  'evaluation/intents': rule([], ['core']),
  'evaluation/attacks': rule([], ['core']),
  'evaluation/conformance': rule(['core']),
};

/** Packages with one door. Keys end in `/` for a scope. */
export const PACKAGE_HOMES: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['daemon/ledger/', 'daemon/exchange-sim/storage.ts'],
  ccxt: ['daemon/venue/'],
  fastify: ['daemon/http/'],
  '@fastify/': ['daemon/http/'],
  commander: ['daemon/cli/'],
  'cli-table3': ['daemon/cli/'],
  yaml: ['daemon/policy/'],
  echarts: ['daemon/evaluation/report/'],
  'simple-statistics': ['daemon/evaluation/'],
  '@stdlib/': ['daemon/evaluation/metrics/'],
  '@modelcontextprotocol/': ['daemon/mcp/'],
  '@simplewebauthn/': ['daemon/passkeys/'],
  piscina: ['daemon/evaluation/'],
  preact: ['daemon/console/'],
  '@preact/': ['daemon/console/'],
  'csv-parse': ['daemon/evaluation/market/'],
  'cli-progress': ['daemon/cli/'],
};

/** Packages of hundreds of files, of which `npm run generate` makes one with what is called. */
export const BUILT_PACKAGES: Readonly<Record<string, string>> = {
  typebox: 'daemon/contract/built/typebox.js',
};

/** Files that import by a computed name, and why that is known to be harmless. */
export const COMPUTED_IMPORTS: Readonly<Record<string, string>> = {
  'daemon/venue/wire/ccxt-binance.ts': 'one exchange of ccxt, whose package does not export its single files',
};

/** The only files that may read `process.env`. */
export const ENVIRONMENT_READERS: readonly string[] = ['daemon/config/config.ts', 'daemon/cli/main.ts'];

/** Folders that are handed their time (`daemon/time/time-port.ts`), so that a simulation can hand in another. */
const ON_HANDED_TIME = [
  'daemon/engine/',
  'daemon/reads/',
  'daemon/driver/',
  'daemon/venue/',
  'daemon/ledger/',
  'daemon/exchange-sim/',
] as const;
/** Those whose randomness is none at all: what they send and record follows from what they were given. */
const WITHOUT_CHANCE = ['daemon/engine/', 'daemon/reads/', 'daemon/driver/', 'daemon/venue/'] as const;

/** What the daemon and the evaluation both run: compiled by daemon/tsconfig.pure.json, as the core is. */
const PURE_ROOMS = ['daemon/engine/', 'daemon/reads/'] as const;

export interface ModuleBan {
  readonly folder: string;
  /** With and without `node:`. */
  readonly modules: readonly string[];
  readonly why: string;
}
/** Modules of Node that a folder may not load. */
export const MODULE_BANS: readonly ModuleBan[] = [
  ...ON_HANDED_TIME.map((folder) => ({
    folder,
    modules: ['timers', 'timers/promises', 'perf_hooks'],
    why: 'takes time from the process; it is handed a TimePort',
  })),
  ...WITHOUT_CHANCE.map((folder) => ({
    folder,
    modules: ['crypto'],
    why: 'may draw at random; what it needs of it comes in through a port',
  })),
];

export interface CodeBan {
  readonly folder: string;
  readonly except: readonly string[];
  readonly pattern: RegExp;
  readonly why: string;
}
/** `Date` of a given instant is a conversion; without one it is the host's clock. `queueMicrotask` takes no time. */
const TIME_OF_THE_PROCESS =
  /\b(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|clearImmediate|performance|hrtime|uptime|globalThis)\b|\bDate\b(?!\s*(?:\.\s*(?:parse|UTC)\b|\(\s*[^)\s]))|\bAbortSignal\s*\.\s*timeout\b|\bMath\s*\.\s*random\b/g;

export const BANS: readonly CodeBan[] = [
  {
    // SAE-NONBYPASS: what has not passed the gate does not become an order. The emergency exit runs without a gate; an
    // exercise places far-off orders, never where money is real.
    folder: 'daemon/',
    except: [
      'daemon/engine/sending/approval.ts',
      'daemon/cli/local/emergency-flatten.ts',
      'daemon/cli/local/doctor/countdown.ts',
    ],
    pattern: /\bas\s+(?:unknown\s+as\s+)?Approved\b/g,
    why: 'makes an approved order; only daemon/engine/sending/approval.ts may',
  },
  {
    folder: 'daemon/',
    except: ENVIRONMENT_READERS,
    pattern: /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[|\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/g,
    why: 'reads the environment; only daemon/config/config.ts may',
  },
  { folder: 'daemon/', except: [], pattern: /\bcreateRequire\b/g, why: 'hides what it imports' },
  {
    folder: 'daemon/console/',
    except: ['daemon/console/ambient.d.ts'],
    pattern:
      /\b(?:innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|srcdoc|eval|localStorage|sessionStorage|indexedDB|Buffer|process)\b/g,
    why: 'makes markup or code of a text, keeps something in the browser, or is not there',
  },
  {
    folder: 'daemon/core/',
    except: [],
    pattern:
      /\b(?:Date|process|globalThis|performance|console|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|Promise|async|await|crypto|Intl)\b|\bMath\s*\.\s*random\b|\.\s*toLocale\w*/g,
    why: 'is not pure: the core has no clock, no input or output, no async and no locale',
  },
  ...PURE_ROOMS.map((folder) => ({
    folder,
    except: [],
    pattern: /\b(?:process|console|queueMicrotask|fetch|Promise|async|await|Intl)\b|\.\s*toLocale\w*/g,
    why: 'is not pure: views, snapshots and plans have no clock, no input or output, no async and no locale',
  })),
  {
    // Features may use ln; a decision must come out the same on every machine.
    folder: 'daemon/core/',
    except: ['daemon/core/features/'],
    pattern: /\bMath\s*\.\s*(?!(?:abs|ceil|floor|max|min|round|sign|sqrt|trunc)\b)\w+|\*\*/g,
    why: 'is not one of + - * / and sqrt, whose results are the same on every machine',
  },
  ...ON_HANDED_TIME.map((folder) => ({
    folder,
    except: [],
    pattern: TIME_OF_THE_PROCESS,
    why: 'takes time or chance from the process; it is handed a TimePort',
  })),
  ...WITHOUT_CHANCE.map((folder) => ({
    folder,
    except: [],
    pattern: /\b(?:crypto|randomBytes|randomInt|randomUUID|getRandomValues)\b/g,
    why: 'draws at random; what it needs of it comes in through a port',
  })),
];
