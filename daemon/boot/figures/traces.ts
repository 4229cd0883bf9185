import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { TracesConfig } from '../../config/traces.ts';
import type { TracePort } from '../../engine/flow/core.ts';
import type { TimePort } from '../../time/time-port.ts';

/** Executions of which a later stage may still come, such as slices. The oldest are forgotten. */
const MAX_KEPT = 1_000;
/** Batched and sent by the library; what a collector does not take in time is dropped. */
const SEND_EVERY_MS = 1_000;
const SEND_WITHIN_MS = 2_000;
/** How long a stop waits for what is left. */
const LAST_SEND_MS = 1_000;

export interface Traces {
  readonly port: TracePort;
  close(): Promise<void>;
}

/** Loads OpenTelemetry, which a daemon without traces never does, and traces executions to a collector. */
export async function openTraces({ url, withSizes }: TracesConfig, version: string, time: TimePort): Promise<Traces> {
  const [api, { BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces`, timeoutMillis: SEND_WITHIN_MS });
  const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: SEND_EVERY_MS });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'holdfast', 'service.version': version }),
    spanProcessors: [processor],
  });
  const within = (parent: Span): Context => api.trace.setSpan(api.ROOT_CONTEXT, parent);
  return {
    port: createTracePort(provider.getTracer('holdfast', version), { within, root: api.ROOT_CONTEXT }, time, withSizes),
    close: async () => {
      await Promise.race([provider.shutdown().catch(() => undefined), time.delay(LAST_SEND_MS)]);
    },
  };
}

interface Contexts {
  readonly root: Context;
  readonly within: (parent: Span) => Context;
}
interface Followed {
  readonly root: Span;
  readonly context: Context;
  readonly appendAtMs: number;
  isAnswered: boolean;
}

/** Spans are made of instants that are over, so that nothing of this runs where something is decided. */
export function createTracePort(tracer: Tracer, contexts: Contexts, time: TimePort, withSizes: boolean): TracePort {
  const followed = new Map<string, Followed>();
  // Stages are told in ms that never go back; a trace wants the host's time.
  const hostOf = (atMs: number): number => time.hostMs() - time.monotonicMs() + atMs;
  const spanOf = (name: string, context: Context, [fromMs, toMs]: readonly [number, number], attributes = {}): void =>
    tracer.startSpan(name, { startTime: hostOf(fromMs), attributes }, context).end(hostOf(toMs));
  const forgetOldest = (): void => {
    for (const [id, { isAnswered, root }] of followed) {
      if (followed.size <= MAX_KEPT) return;
      if (!isAnswered) root.end();
      followed.delete(id);
    }
  };
  return {
    decided({ appendAtMs, codes, decideAtMs, decisionId, intakeAtMs, planAtMs, snapshotAtMs, tool, verdict, ...more }) {
      const sizes = withSizes
        ? { 'holdfast.symbol': more.symbol ?? '', 'holdfast.notional_usdt': more.notionalUsdt ?? 0 }
        : {};
      const attributes = {
        'holdfast.decision_id': decisionId,
        'holdfast.tool': tool,
        'holdfast.verdict': verdict,
        'holdfast.reasons': [...codes],
        ...sizes,
      };
      const startTime = hostOf(intakeAtMs ?? snapshotAtMs);
      const root = tracer.startSpan(`execute ${tool}`, { startTime, attributes }, contexts.root);
      const context = contexts.within(root);
      followed.set(decisionId, { root, context, appendAtMs, isAnswered: false });
      forgetOldest();
      if (intakeAtMs !== null) spanOf('intake', context, [intakeAtMs, snapshotAtMs]);
      spanOf('snapshot', context, [snapshotAtMs, decideAtMs]);
      spanOf('decide', context, [decideAtMs, planAtMs]);
      spanOf('plan', context, [planAtMs, appendAtMs]);
    },
    committed(decisionId) {
      const known = followed.get(decisionId);
      if (known !== undefined) spanOf('append', known.context, [known.appendAtMs, time.monotonicMs()]);
    },
    // biome-ignore lint/complexity/useMaxParams: as the gate's port has it
    stage(decisionId, name, fromMs, toMs, outcome) {
      const known = followed.get(decisionId);
      if (known !== undefined) spanOf(name, known.context, [fromMs, toMs], { 'holdfast.outcome': outcome });
    },
    answered(decisionId) {
      const known = followed.get(decisionId);
      if (known === undefined || known.isAnswered) return;
      known.isAnswered = true;
      known.root.end(hostOf(time.monotonicMs()));
    },
  };
}
