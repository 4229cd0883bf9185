import { MAX_USDT } from '../../core/keys/budgets.ts';
import { APPROVAL_KEYS, REGIMES, SIGNAL_KINDS } from '../../core/policy.ts';
import { VENUE_NAMES } from '../../core/venues.ts';
import * as Type from '../built/typebox.js';
import {
  AGENT_PATTERN,
  bps,
  closed,
  componentFactors,
  count,
  DAY_MS,
  fraction,
  milliseconds,
  multiplier,
  names,
  reduceOnly,
  texts,
  usdt,
} from './policy-values.ts';

/** Sections that tighten the budgets: the market (M), the account (U) and trust in the source (z). */

const regimeRow = (label: string) =>
  Type.Object(
    {
      ...componentFactors,
      cooldown_ms: milliseconds('Pause of a symbol after an opening order; 0 is none.', 7 * DAY_MS, 0), // PK-73
      slices: count('Number of slices of an opening order.', 100), // PK-74
      reduce_only: Type.Optional(reduceOnly('Nothing is opened in this regime.')), // PK-75
    },
    { ...closed, description: `Budgets while the market is ${label}.` }, // note
  );
export const marketSection = Type.Object(
  {
    bar_ms: milliseconds('Length of one bar; every *_bars counts bars of this length.', DAY_MS), // PK-76
    volatility: Type.Object(
      {
        window_bars: count('Bars over which volatility (sigma) is summed.', 10_000, 2), // PK-77
        baseline_bars: count('Largest number of sigma values in the baseline.', 100_000, 2), // PK-78
        baseline_quantile: fraction('Quantile of those values that counts as 1.', 0.01, 0.99), // PK-79
        min_history_bars: count('With fewer bars of history the regime is at least volatile.', 100_000), // PK-80
        volatile: Type.Number({
          minimum: 0.01,
          maximum: 1000,
          description: 'sigma / baseline from which on the regime is volatile.', // PK-81
        }),
        extreme: Type.Number({
          minimum: 0.01,
          maximum: 1000,
          description: 'sigma / baseline from which on the regime is extreme.', // PK-82
        }),
        absolute: Type.Object(
          {
            volatile: fraction('sigma from which on the regime is volatile, whatever the baseline.', 0.0001, 10), // PK-83
            extreme: fraction('sigma from which on the regime is extreme, whatever the baseline.', 0.0001, 10), // PK-84
          },
          { ...closed, description: 'Thresholds that also hold after a quiet month.' }, // note
        ),
        jump_sigma: Type.Number({
          minimum: 0.1,
          maximum: 1000,
          description: 'A move within one bar of this many sigmas is extreme at once.', // PK-85
        }),
      },
      { ...closed, description: 'How volatility sets the regime.' }, // note
    ),
    regime_hold_bars: count(
      'Bars for which a calmer label must last before it counts; a stricter one counts at once.', // PK-86
      10_000,
    ),
    funding: Type.Object(
      { extreme: fraction('|funding rate| per 8 hours from which on the regime is extreme.', 0.000001, 1) }, // PK-87
      { ...closed, description: 'How funding sets the regime.' }, // note
    ),
    liquidity: Type.Object(
      {
        ema_bars: count('Length of the moving average of volume.', 10_000), // PK-88
        below_quantile: fraction('Below this quantile of its own past the market is illiquid; 0 means never.', 0, 0.99), // PK-89
        baseline_bars: count('Largest number of values in that past.', 100_000, 2), // PK-90
      },
      { ...closed, description: 'How thin trading sets the regime.' }, // note
    ),
    regimes: Type.Object(
      { calm: regimeRow('calm'), volatile: regimeRow('volatile'), extreme: regimeRow('extreme') },
      { ...closed, description: `Factors on B_0 by regime (${REGIMES.join(', ')}).` }, // note
    ),
    freshness: Type.Object(
      {
        mark_ms: milliseconds('Largest age of the mark price, also of other symbols with exposure.', DAY_MS), // PK-91
        quote_ms: milliseconds('Largest age of the best bid and ask.', DAY_MS), // PK-92
        bars: count('Largest age of the last closed bar, in bars.', 1000), // PK-93
        account_ms: milliseconds('Largest age of the account snapshot.', DAY_MS), // PK-94
        filters_ms: milliseconds("Oldest set of the exchange's filters and brackets.", 30 * DAY_MS), // PK-95
        funding_ms: milliseconds('Largest age of the funding rate.', 30 * DAY_MS), // PK-96
        clock_skew_ms: milliseconds("Largest difference from the venue's clock.", 60_000), // PK-97
        request_ms: milliseconds('Oldest request.', DAY_MS), // PK-98
      },
      { ...closed, description: 'How old the inputs of a decision may be; older ones deny what opens risk.' }, // PK-99
    ),
    collar_bps: bps('Largest distance between the middle of the book and the mark price.'), // PK-100
  },
  { ...closed, description: 'M: the market tightens the budgets, symbol by symbol.' }, // PK-101
);

const tiers = (what: string, maximum: number) =>
  Type.Array(
    Type.Object(
      {
        at: fraction(`The tier counts from this ${what} on.`, 0, maximum), // PK-102
        multiplier: Type.Optional(multiplier('Factor on the budgets.')), // PK-103
        reduce_only: Type.Optional(reduceOnly('The account only reduces.')), // PK-104
      },
      closed,
    ),
    { maxItems: 20, description: `Tiers by ${what}, in rising order; all that are reached multiply. [] is none.` }, // PK-105, PK-106
  );
export const accountSection = Type.Object(
  {
    drawdown: Type.Object(
      {
        window_ms: milliseconds('Period over which the highest equity counts.'), // PK-107
        tiers: tiers('drawdown (1 - equity / highest equity)', 1),
      },
      { ...closed, description: 'Loss against the highest equity.' }, // PK-108
    ),
    daily_loss: Type.Object(
      { tiers: tiers('daily loss', 1) },
      { ...closed, description: 'Loss since 00:00 UTC or 24 hours ago, the larger.' }, // PK-109
    ),
    margin_ratio: Type.Object(
      { tiers: tiers('margin ratio (maintenance margin / margin balance)', 1) },
      { ...closed, description: 'Nearness to liquidation; of isolated positions the worst one.' }, // PK-110
    ),
    concentration: Type.Object(
      {
        share: fraction('Largest share of one symbol, beside lots held of the others.', 0.01, 0.99), // PK-111
        floor_usdt: usdt('Notional of a symbol that is always allowed, whatever its share.', MAX_USDT, 0), // PK-112
      },
      { ...closed, description: 'No symbol may dominate the account.' }, // note
    ),
    min_liquidation_distance: fraction(
      'Smallest distance of the liquidation price from the mark at which more may be opened.', // PK-113
      0.001,
      0.99,
    ),
    margin_buffer_usdt: usdt('Free margin that is never used.', MAX_USDT, 0), // PK-114
  },
  { ...closed, description: 'U: the state of the account tightens the budgets.' }, // note
);

const trustLevel = {
  provenance: fraction('How well the source is known: 0 unknown, 1 verified.', 0, 1), // note
  capability_risk: fraction('How much the source could do: 0 harmless, 1 anything.', 0, 1), // note
};
const signalRule = (label: string) =>
  Type.Object(
    {
      multiplier: Type.Optional(multiplier('Factor on the budgets while a signal is active.')), // PK-115
      reduce_only: Type.Optional(reduceOnly('A signal is active.')), // PK-116
      max_ttl_ms: milliseconds('Longest lifetime of a signal.', 30 * DAY_MS), // PK-117
    },
    { ...closed, description: `What an active ${label} signal does.` }, // note
  );
export const trustSection = Type.Object(
  {
    default: Type.Object(trustLevel, { ...closed, description: 'Trust in a token that names no skill.' }), // PK-118
    unknown_skill: Type.Object(trustLevel, { ...closed, description: 'Trust in a skill that is not listed below.' }), // PK-119
    skills: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 100, description: 'For people.' }), // note
          sha256: Type.String({
            pattern: '^[0-9a-f]{64}$',
            description: 'Digest of the skill: 64 hex digits in lower case.', // PK-120
          }),
          ...trustLevel,
        },
        closed,
      ),
      { maxItems: 1000, description: 'Known skills; only a token created for the digest benefits.' }, // PK-121
    ),
    tiers: Type.Array(
      Type.Object(
        {
          provenance_below: Type.Optional(fraction('The tier counts below this provenance.', 0, 1)), // PK-122
          capability_risk_above: Type.Optional(fraction('The tier counts above this capability risk.', 0, 1)), // PK-123
          multiplier: Type.Optional(multiplier('Factor on the budgets.')), // PK-124
          reduce_only: Type.Optional(reduceOnly('Trust is this low.')), // PK-125
        },
        closed,
      ),
      {
        maxItems: 20,
        description: 'Tiers by trust; either condition is enough, all that are reached multiply. [] is none.', // PK-126, PK-127
      },
    ),
    signals: Type.Object(
      {
        injection: signalRule('injection'),
        narrative: signalRule('narrative'),
        anomaly: signalRule('anomaly'),
        spend: Type.Optional(signalRule('spend')),
      },
      {
        ...closed,
        description: `What monitors report (${SIGNAL_KINDS.join(', ')}); a signal ends with its ttl.`, // PK-128
      },
    ),
  },
  { ...closed, description: 'z: trust in the source of a request tightens the budgets.' }, // note
);

const requestMatch = Type.Object(
  {
    in: Type.Optional(
      Type.Array(
        Type.Union([Type.String({ maxLength: 128 }), Type.Number({ minimum: -MAX_USDT, maximum: MAX_USDT })]),
        {
          minItems: 1,
          maxItems: 1000,
          description: 'It is one of these.', // PK-129
        },
      ),
    ),
    above: Type.Optional(Type.Number({ minimum: -MAX_USDT, maximum: MAX_USDT, description: 'It is a number above.' })), // PK-130
    below: Type.Optional(Type.Number({ minimum: -MAX_USDT, maximum: MAX_USDT, description: 'It is a number below.' })), // PK-131
  },
  { ...closed, minProperties: 1, description: 'What the request says there; all that are given must hold.' }, // PK-132
);
const approvalCondition = Type.Object(
  {
    notional_above_usdt: Type.Optional(
      usdt('What the agent opens without an approval within window_ms, with this order, is above.', MAX_USDT, 0), // PK-133
    ),
    untraded_ms: Type.Optional(milliseconds('No opening order of the symbol was filled for this time.')), // PK-134
    provenance_below: Type.Optional(fraction('Provenance of the source is below.', 0, 1)), // PK-135
    capability_risk_above: Type.Optional(fraction('Capability risk of the source is above.', 0, 1)), // PK-136
    venues: Type.Optional(names(VENUE_NAMES, 'The daemon trades on one of these.', 1)), // PK-137
    agents: Type.Optional(texts(AGENT_PATTERN, 'One of these agents asks.', 1, 1000)), // PK-138
    request: Type.Optional(
      Type.Record(Type.String({ pattern: `^(${APPROVAL_KEYS.join('|')})$` }), requestMatch, {
        ...closed,
        minProperties: 1,
        description: 'Members of the request, each with what it says.', // PK-139
      }),
    ),
  },
  { ...closed, description: 'All that are given must hold; {} is every opening order.' }, // PK-140
);
export const approvalsSection = Type.Object(
  {
    when: Type.Array(approvalCondition, {
      maxItems: 50,
      description: 'Opening orders that a person must approve; one condition that holds is enough. [] is none.', // PK-141, PK-142
    }),
    window_ms: milliseconds(
      'Time over which the orders of an agent are summed, so that splitting does not help.', // PK-143
      DAY_MS,
      1000,
    ),
    expiry_ms: milliseconds('How long an approval may be given after it was asked for.', 600_000, 1000), // PK-144
    quorum: Type.Optional(
      count('Number of different people who must approve above quorum_above_usdt. Without it: 1.', 10), // PK-145, PK-146
    ),
    quorum_above_usdt: Type.Optional(
      usdt(
        'Opened within window_ms with or without approval, with this order; without it every approval needs the quorum.', // PK-147
        MAX_USDT,
        0,
      ),
    ),
  },
  { ...closed, description: 'What a person must approve. Exits and cancels never need an approval.' }, // note, PK-148
);
