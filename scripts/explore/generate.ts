import type { Plan, Setup, Step } from './plan.ts';
import { BORROWED_MOST, SMALL_USDT, UNREAD } from './plans/account.ts';
import { withAlerts } from './plans/alerts.ts';
import { withAnswers } from './plans/answers.ts';
import { BORROWED } from './plans/borrowed.ts';
import { CHANGED } from './plans/changed.ts';
import { CONCENTRATED } from './plans/concentrated.ts';
import { CROWDED } from './plans/crowded.ts';
import { Draw, type Piece } from './plans/draw.ts';
import { drawApprovalKeys, drawKeys, isAlone, isRare } from './plans/keys.ts';
import { beginLive, withLive } from './plans/live.ts';
import { EXTRAS, type Extra } from './plans/mishaps.ts';
import { withLastHalt } from './plans/operators.ts';
import { PIECES } from './plans/pieces.ts';
import {
  drawSetup,
  withAccount,
  withApprovers,
  withLimits,
  withOwn,
  withRarities,
  withSteps,
  withTokens,
} from './plans/setups.ts';
import type { Situation } from './plans/situation.ts';
import { SITUATIONS } from './plans/situations.ts';
import { SPREADS } from './plans/spreads.ts';
import { withTwin } from './plans/twins.ts';
import { WORDS } from './plans/words.ts';
import { Random } from './random.ts';

const MINUTE_MS = 60_000;
/** What a full minute of the exchange holds up is read in the next one, ms. */
const NEXT_MINUTE_READ_MS = 110_000;
/** Of worlds in which the account's owner trades by hand, without being requested: what agents hold is judged less there. */
const HANDS_SHARE = 0.05;
/** Of worlds in which agents change what rests, again and again. */
const CHANGED_SHARE = 0.1;
/** Of worlds in which quotes move apart. */
const SPREAD_SHARE = 0.1;
/** Of worlds in which the policy says what it seldom says, where the exchange does not refuse what it seldom refuses. */
const KEYS_SHARE = 0.8;
/** How often such a world plays what makes it bind, beside all else. */
const KEYS_WEIGHT = 8;
/** Of such worlds those that begin with it, while nothing keeps it from binding. */
const BEGINNING_SHARE = 0.8;
/** Of worlds that begin with a situation of {@link SITUATIONS}; their policy says what most say. */
const SITUATION_SHARE = 0.35;
/** Of them those in which little else happens, and nothing fails afterwards: that would hide it. */
const SHORT_SHARE = 0.5;
/** Of the others those in which nothing fails and nobody stops the daemon: much is promised for these alone. */
const UNDISTURBED_SHARE = 0.12;
const DISTURBS = /^(fault|wire|trouble|crash|restart|away|halt_market)$/;
/** Kinds of worlds that are about what fails. */
const DISTURBED: readonly Extra[] = ['disks', 'ledgers', 'twins', 'wires', 'alerts'];
/** Of worlds in which agents say what they seldom say. */
const WORDS_SHARE = 0.1;
/** Of so many worlds one has an exchange that refuses for one of the reasons that it has. */
const ANSWERS_EVERY = 5;

export interface GenerateOptions {
  readonly extras?: readonly Extra[];
}

/** The plan of a world: a mixture of short pieces that each look like something that happens. */
export function generatePlan(seed: number, { extras = [] }: GenerateOptions = {}): Plan {
  const random = new Random(seed, 'plan');
  const plain = drawSetup(random);
  const approved = extras.includes('approvals') ? withApprovers(plain, new Random(seed, 'approvals')) : plain;
  const limited = extras.includes('limits') ? withLimits(approved, new Random(seed, 'limits')) : approved;
  const named = extras.includes('tokens') ? withTokens(limited, new Random(seed, 'tokens')) : limited;
  const rare = extras.includes('rarities') ? withRarities(named, new Random(seed, 'rarities')) : named;
  const owned = extras.includes('account') ? withAccount(rare, new Random(seed, 'account')) : rare;
  const stepped = extras.includes('steps') ? withSteps(owned, new Random(seed, 'steps')) : owned;
  const wired: Setup = extras.includes('wires')
    ? { ...stepped, isLimited: true, settleMs: NEXT_MINUTE_READ_MS }
    : stepped;
  const alerted = extras.includes('alerts') ? withAlerts(wired, new Random(seed, 'alerts')) : wired;
  const live = extras.includes('live') ? withLive(alerted, new Random(seed, 'live')) : alerted;
  const owning = withOwn(live, seed);
  const situation = situationOf(seed);
  const { pieces: binding, setup: keyed } =
    situation === null ? withKeys(owning, seed) : { pieces: [], setup: withSituation(owning, situation, seed) };
  const setup = extras.includes('shadow') ? { ...keyed, policy: { ...keyed.policy, mode: 'shadow' } } : keyed;
  const draw = new Draw(random, setup);
  const played = new Set<Extra>(extras);
  if (new Random(seed, 'hands').chance(HANDS_SHARE)) played.add('hands');
  const borrowed = setup.capped === undefined ? [] : BORROWED;
  const crowded = setup.maxOrders === undefined ? [] : CROWDED;
  const concentrated = setup.concentration === undefined ? [] : CONCENTRATED;
  const changed = new Random(seed, 'changed').chance(CHANGED_SHARE) ? CHANGED : [];
  const spread = new Random(seed, 'spreads').chance(SPREAD_SHARE) ? SPREADS : [];
  const pieces = [
    ...PIECES,
    ...binding.map((piece) => [KEYS_WEIGHT, piece] as const),
    ...(new Random(seed, 'said').chance(WORDS_SHARE) ? WORDS : []),
    ...borrowed,
    ...changed,
    ...crowded,
    ...concentrated,
    ...spread,
    ...[...played].flatMap((extra) => EXTRAS[extra]),
  ];
  const first = situation === null ? [] : situation.play(draw);
  const isShort = situation !== null && mayBeCalm(extras) && random.chance(SHORT_SHARE);
  const count = isShort ? random.int(1, 5) : random.int(10, 26);
  // Where nothing is held, little can go wrong.
  const begins = isAlone(seed) || new Random(seed, 'beginning').chance(BEGINNING_SHARE);
  const steps: Step[] = begins ? binding.flatMap((piece) => piece(draw)) : [];
  if (random.chance(0.85)) steps.push({ gap: 0, do: draw.open() });
  if (extras.includes('ledgers') && random.chance(0.4)) {
    // Two that begin on an account on which nobody has traded.
    const trouble = { kind: 'second_daemon', forMs: random.int(10_000, 60_000), opens: random.int(1, 4) } as const;
    steps.unshift({ gap: 0, do: { kind: 'trouble', trouble } });
  }
  for (let piece = 0; piece < count; piece += 1) {
    draw.turn();
    steps.push(...random.weighted(pieces)(draw));
  }
  const answered = isRefused(seed) ? withAnswers(steps, seed / ANSWERS_EVERY, new Random(seed, 'answers')) : steps;
  const sized = withPlaces(answered, new Random(seed, 'places'), readsSizes(setup) ? 0.6 : 0.2);
  const worded = withWords(withEnds(sized, new Random(seed, 'ends')), new Random(seed, 'words'));
  const isCalm = isShort || (situation === null && isUndisturbed(seed, extras));
  const situated = [...first, ...(isCalm ? undisturbed(worded) : worded)];
  const halted = extras.includes('operators') ? withLastHalt(situated, new Random(seed, 'halt')) : situated;
  const begun = setup.live === undefined ? halted : beginLive(setup, halted, new Random(seed, 'enrols'));
  const whole = { seed, setup, steps: begun };
  const plan = situation === null && !isUndisturbed(seed, extras) ? withDeath(whole, new Random(seed, 'death')) : whole;
  return extras.includes('twins') ? withTwin(plan, new Random(seed, 'twins')) : plan;
}

/** In turn by the world's seed, one further in each round; null: it begins with none. */
function situationOf(seed: number): Situation | null {
  if (isRefused(seed) || isRare(seed) || isAlone(seed)) return null;
  if (!new Random(seed, 'situated').chance(SITUATION_SHARE)) return null;
  const { length } = SITUATIONS;
  return SITUATIONS[(seed + Math.floor(seed / length)) % length] ?? null;
}

function withSituation(setup: Setup, situation: Situation, seed: number): Setup {
  const random = new Random(seed, 'keys');
  const asked = setup.approvals === undefined ? {} : drawApprovalKeys(random, setup, seed).keys;
  const { policy, ...situated } = situation.setup(setup, new Random(seed, 'situation'));
  const keys = { ...policy, ...asked };
  return Object.keys(keys).length === 0 ? situated : { ...situated, policy: keys };
}

function isUndisturbed(seed: number, extras: readonly Extra[]): boolean {
  if (isRefused(seed) || isRare(seed) || isAlone(seed) || extras.some((extra) => DISTURBED.includes(extra)))
    return false;
  return new Random(seed, 'undisturbed').chance(UNDISTURBED_SHARE);
}

function mayBeCalm(extras: readonly Extra[]): boolean {
  return !extras.some((extra) => DISTURBED.includes(extra));
}

function undisturbed(steps: readonly Step[]): readonly Step[] {
  return steps.filter(({ do: { kind } }) => !DISTURBS.test(kind));
}

/** Some flattens are not lifted: the operator lets agents close as well. */
function withWords(steps: readonly Step[], random: Random): Step[] {
  return steps.map((step, index) => {
    const isLift = step.do.kind === 'state' && step.do.state === 'active' && steps[index - 1]?.do.kind === 'flatten';
    return isLift && random.chance(0.3) ? { ...step, do: { ...step.do, state: 'reducing' } as Step['do'] } : step;
  });
}

/** Some orders say their size in the base asset: whole lots, or a little more. */
function withPlaces(steps: readonly Step[], random: Random, share: number): Step[] {
  return steps.map((step) => {
    const { do: action } = step;
    if ((action.kind !== 'open' && action.kind !== 'exit') || !random.chance(share)) return step;
    return {
      ...step,
      do: {
        ...action,
        places: random.weighted([
          [3, 3],
          [1, 4],
          [1, 8],
        ]),
      },
    };
  });
}
/** The policy bounds the size that is asked for, and not only what comes of it. */
function readsSizes({ policy }: Setup): boolean {
  return JSON.stringify(policy ?? {}).includes('requested_notional');
}

/** Some of what is opened names an instant until which it may be: soon over, while it rests or is sliced, or much later. */
function withEnds(steps: readonly Step[], random: Random): Step[] {
  return steps.map((step) => {
    if (step.do.kind !== 'open' || !random.chance(step.do.limitBps === undefined ? 0.15 : 0.4)) return step;
    const validForMs = random.weighted([
      [1, random.int(1, 1_500)],
      [4, random.int(1_500, 20_000)],
      [1, random.int(20_000, 120_000)],
    ]);
    return { ...step, do: { ...step.do, validForMs } };
  });
}

/**
 * In some worlds the daemon dies early over what rests, and stays away for longer than the exchange waits for it, or, where
 * it does not wait, than the order is good for; meanwhile the market comes to what was left.
 */
function withDeath(plan: Plan, random: Random): Plan {
  if (!random.chance(0.12)) return plan;
  const symbol = random.pick(['BTCUSDT', 'ETHUSDT'] as const);
  const side = random.pick(['buy', 'sell'] as const);
  const agent = random.pick(['alpha', 'beta'] as const);
  const open = { kind: 'open', agent, symbol, side } as const;
  const isHeld = random.chance(0.5);
  const isWaitedFor = random.chance(0.75);
  const awayMs = isWaitedFor ? random.int(60_000, 90_000) : random.int(12, 20) * MINUTE_MS;
  const rest = { ...open, usdt: 300, limitBps: -random.int(15, 60) } as const;
  const steps: Step[] = [
    ...(isHeld ? [{ gap: 'answered', do: { ...open, usdt: 600 } } as const] : []),
    { gap: isHeld ? 2_000 : 'answered', do: isWaitedFor ? rest : { ...rest, validForMs: MINUTE_MS } },
    { gap: random.int(7_000, 40_000), do: { kind: 'crash', downMs: awayMs } },
    { gap: awayMs - random.int(5_000, 20_000), do: { kind: 'mark', symbol, bps: side === 'buy' ? -150 : 150 } },
    { gap: 25_000, do: { kind: 'wait' } },
  ];
  const setup: Setup = {
    ...plan.setup,
    deadmanMs: isWaitedFor ? 30_000 : 0,
    ...(random.chance(0.5) ? { countdown: 'all' } : {}),
    ...(isHeld ? { stopBps: 300 } : {}),
  };
  return { ...plan, setup, steps: [...steps, ...plan.steps] };
}

function isRefused(seed: number): boolean {
  return seed % ANSWERS_EVERY === 0;
}

/** In some worlds the policy has keys that few write, with what makes them bind. */
function withKeys(setup: Setup, seed: number): { readonly setup: Setup; readonly pieces: readonly Piece[] } {
  const random = new Random(seed, 'keys');
  const none = { keys: {}, pieces: [] };
  const asked = setup.approvals === undefined ? none : drawApprovalKeys(random, setup, seed);
  const hasKeys = random.chance(KEYS_SHARE) || isRare(seed) || isAlone(seed);
  const drawn = hasKeys && !isRefused(seed) ? drawKeys(random, setup, seed) : none;
  const policy = { ...asked.keys, ...drawn.keys };
  return {
    setup: Object.keys(policy).length === 0 ? setup : { ...setup, policy },
    pieces: [...piecesOf(setup), ...asked.pieces, ...drawn.pieces],
  };
}

/** What an account of its own kind is good for. */
function piecesOf({ account }: Setup): readonly Piece[] {
  return [
    ...(account?.isUnreported === true ? [UNREAD] : []),
    ...(account?.balanceUsdt === SMALL_USDT ? [BORROWED_MOST] : []),
  ];
}
