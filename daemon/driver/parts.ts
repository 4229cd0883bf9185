import type { AlertTestBody } from '../contract/types/alerts.ts';
import type { LiveSettings } from '../engine/flow/core.ts';
import { composeLive, type LiveParts } from '../engine/live/parts.ts';
import type { CompareAlertRoutes } from '../engine/operator/alert-routes.ts';
import type { PolicyDocument, PolicyPort } from '../engine/operator/policy-control.ts';
import type { GateState } from '../engine/state/gate-state.ts';
import { tellingOf } from '../reads/execution.ts';
import { GateCore, WakeUp } from './driver.ts';
import type { GatePorts } from './ports.ts';

export interface AlertOptions {
  readonly compareRoutes: CompareAlertRoutes;
  /** Sends a message to one channel, or to each, once. */
  readonly test: (channel: string | null, setBy: string) => Promise<AlertTestBody>;
}
export interface GateOptions {
  readonly ports: GatePorts;
  readonly settings: LiveSettings;
  readonly policy: PolicyDocument;
  /** What is folded already; empty views when absent. */
  readonly state?: GateState;
  readonly policyPort: PolicyPort;
  /** Alerts that leave this machine; absent: none do. */
  readonly alerts?: AlertOptions;
  readonly signal: AbortSignal;
  /** The observer's counters as Prometheus text. */
  readonly metricsText: (withAccount: boolean) => Promise<string>;
}

/** The parts of the gate, which its calls use. */
export interface GateParts extends LiveParts {
  readonly core: GateCore;
}

/** Composes the parts; nothing runs yet. */
export function buildParts(options: GateOptions): GateParts {
  const { alerts, policy, policyPort, ports, settings, signal, state } = options;
  const core = new GateCore(ports, settings, policy, {
    ...(state === undefined ? {} : { state }),
    hooks: {
      isUnsent: (order) => parts.sender.isUnsent(order),
      onRecheckFailure: () => parts.health.onRecheckFailure(),
      isStopping: () => signal.aborted,
      get lookout() {
        return parts.ledgerCheck;
      },
    },
  });
  const exitTimer = new WakeUp(ports.time, signal, () => parts.exits.tick());
  const parts: LiveParts = composeLive(core, {
    policyPort,
    compareRoutes: alerts?.compareRoutes ?? (() => []),
    tell: tellingOf(core),
    wakeExitsAt: (wallMs) => exitTimer.at(wallMs),
  });
  return { ...parts, core };
}
