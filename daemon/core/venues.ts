/** How one venue differs from the others, for everything that is not the exchange's own language (`daemon/venue`). */
export interface VenueProfile {
  /** What is lost there is lost: loosening waits, only passkeys approve, and no key may withdraw. */
  readonly isRealMoney: boolean;
  /** A start needs an arming (SAE: staged execution), which expires. */
  readonly needsArming: boolean;
  /** The simulated exchange: its time may be a tape's, and its account is nobody's. */
  readonly isSimulated: boolean;
  /** As every description of a trading tool says it. */
  readonly money: string;
  /** The settings of its keys begin with it; null: of an exchange of our own, whose keys are no secrets. */
  readonly keyPrefix: string | null;
  /** Where its public market data is; null: on this machine. */
  readonly origin: string | null;
}

/** The venues that a daemon may trade on, and nothing else compares their names. */
export const VENUES = {
  paper: {
    isRealMoney: false,
    needsArming: false,
    isSimulated: true,
    money: 'simulated money',
    keyPrefix: null,
    origin: null,
  },
  'binance-demo': {
    isRealMoney: false,
    needsArming: false,
    isSimulated: false,
    money: 'demo money',
    keyPrefix: 'BINANCE_DEMO',
    origin: 'https://demo-fapi.binance.com',
  },
  'binance-live': {
    isRealMoney: true,
    needsArming: true,
    isSimulated: false,
    money: 'REAL money',
    keyPrefix: 'BINANCE_LIVE',
    origin: 'https://fapi.binance.com',
  },
} as const satisfies Readonly<Record<string, VenueProfile>>;

export type VenueName = keyof typeof VENUES;
export const VENUE_NAMES = Object.keys(VENUES) as readonly VenueName[];
export type KeyPrefix = Exclude<(typeof VENUES)[VenueName]['keyPrefix'], null>;
/** Whose keys are secrets. */
export const KEY_PREFIXES = VENUE_NAMES.flatMap((name) => VENUES[name].keyPrefix ?? []) as readonly KeyPrefix[];
/** Where nothing else is said: no money is lost by a mistake. */
export const SIMULATED_VENUE = 'paper' satisfies VenueName;

const UNKNOWN_VENUE: VenueProfile = VENUES['binance-live'];
/** RISK: a name that this version does not know, in a ledger of a later one, counts as real money. */
export function profileOf(name: string): VenueProfile {
  return Object.hasOwn(VENUES, name) ? VENUES[name as VenueName] : UNKNOWN_VENUE;
}
