import type { IntendedPolicySpec, SignalKind } from '../../../daemon/core/policy.ts';
import type { MarketData } from '../../../daemon/evaluation/facts/markets.ts';
import { remembered } from '../../../daemon/evaluation/facts/remembered.ts';
import { createJudge } from '../../../daemon/evaluation/judge/judge.ts';
import { type JudgeScope, readScope, scaleScope } from '../../../daemon/evaluation/judge/scope.ts';
import { MarketTrack } from '../../../daemon/evaluation/market/track.ts';
import { type PreparedMarket, prepareMarket } from '../../../daemon/evaluation/market/walk/prepared.ts';
import { ReplayRun, type RunSetup, START_EQUITY_USDT } from '../../../daemon/evaluation/run/run.ts';
import { forSymbols, loadVariant, scaleCaps, type Variant } from '../../../daemon/evaluation/setup/variants.ts';
import { trackKeyOf } from '../../../daemon/evaluation/setup/workbench.ts';
import { hashPolicy } from '../../../daemon/policy/parse.ts';
import { applyEdits, type Edits } from './edits.ts';
import { buildSceneMarket } from './market.ts';
import { type Scene, type SceneOutcome, ScriptedAgent } from './scene.ts';
import { Witness } from './witness.ts';

const AGENT = 'agent';
const NO_EDITS: Edits = {};
const SHIPPED = 'Holdfast';
let shipped: Variant | null = null;

/** The policy that is shipped for the evaluation, read once. */
function readShipped(): Variant {
  shipped ??= loadVariant(SHIPPED);
  return shipped;
}

/** The policy of a scene: the shipped evaluation policy at the scene's caps, its premise, and what is switched off. */
export function policyOf(scene: Scene, off: Edits): IntendedPolicySpec {
  const symbols = (scene.judged ?? scene.market.map((path) => path.symbol)).toSorted();
  const { spec } = forSymbols(readShipped(), symbols);
  const scaled = scaleCaps(spec, scene.capsScale ?? 1);
  return applyEdits(applyEdits(scaled, scene.premise?.policy ?? NO_EDITS), off);
}

function scopeOf(scene: Scene): JudgeScope {
  return applyEdits(scaleScope(readScope(), scene.capsScale ?? 1), scene.premise?.scope ?? NO_EDITS);
}

/** Runs scenes by the engine and the production gate; markets and their features are built once each. */
export class Stage {
  readonly #markets = new Map<Scene['market'], { readonly data: MarketData; readonly prepared: PreparedMarket }>();
  readonly #tracks = new Map<string, MarketTrack>();
  readonly #policies = new Map<string, RunSetup['policy']>();

  /** One run from the first judged bar to the last under the scene's policy with these changes. */
  run(scene: Scene, off: Edits): SceneOutcome {
    const { data, prepared } = this.#market(scene.market);
    const policy = this.#policy(scene, off);
    const { spec } = policy;
    const instruments = data.symbols.map((bars) => bars.instrument);
    const judged = new Set(scene.judged ?? instruments.map((instrument) => instrument.symbol));
    const judge = createJudge({
      scope: scopeOf(scene),
      instruments: instruments.filter((instrument) => judged.has(instrument.symbol)),
      barMs: data.barMs,
      startEquityUsdt: START_EQUITY_USDT,
    });
    const witness = new Witness(judge, judged, instruments);
    const run = new ReplayRun({
      key: {
        variant: spec.name,
        seed: 0,
        agent: AGENT,
        attack: 'none',
        sides: 'random',
        capsScale: scene.capsScale ?? 1,
      },
      market: prepared,
      track: this.#track(scene.market, data, spec),
      policy,
      agents: [{ name: AGENT, agent: new ScriptedAgent(scene.asks) }],
      episodes: [],
      createAttacker: () => {
        throw new Error('a scene has no episodes');
      },
      judge: witness,
    });
    for (const kind of scene.signals ?? []) raise(run, kind, data.endMs);
    return { result: run.run(), fills: witness.fills };
  }

  /** Equal policies are one object: what the engine compiles of them is compiled once. */
  #policy(scene: Scene, off: Edits): RunSetup['policy'] {
    const spec = policyOf(scene, off);
    const hash = hashPolicy(spec);
    return remembered(this.#policies, hash, () => ({ spec, hash }));
  }

  #market(paths: Scene['market']): { readonly data: MarketData; readonly prepared: PreparedMarket } {
    return remembered(this.#markets, paths, () => {
      const data = buildSceneMarket(paths);
      return { data, prepared: prepareMarket(data) };
    });
  }

  #track(paths: Scene['market'], data: MarketData, { market }: IntendedPolicySpec): MarketTrack {
    const key = `${[...this.#markets.keys()].indexOf(paths)} ${trackKeyOf(market)}`;
    return remembered(this.#tracks, key, () => new MarketTrack(data, market));
  }
}

/** As a monitor would have raised it, for the whole account. */
function raise(run: ReplayRun, kind: SignalKind, expiresAtMs: number): void {
  run.core.append('signal', {
    account: null,
    agent: null,
    evidence_hash: null,
    expires_at_ms: expiresAtMs,
    kind,
    set_by: 'scene',
    severity: 1,
    signal_id: kind,
    symbol: null,
  });
}
