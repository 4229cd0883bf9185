import type { Logger } from 'pino';
import type { Config } from '../../config/config.ts';
import { formatViolation } from '../../contract/schema/violations.ts';
import type { VenueName } from '../../core/venues.ts';
import type { Gate } from '../../driver/gate.ts';
import type { PolicyDocument, PolicyPort } from '../../engine/operator/policy-control.ts';
import { type PolicyFileEvent, type WatchOptions, watchPolicyFile } from '../../policy/file.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { checkVenue, decideReload } from '../../policy/reload.ts';
import { type FileRead, readPolicyFile } from '../../policy/text/read-file.ts';
import { StartError } from '../start-error.ts';

/** Reads and compares policies for the gate. */
export function createPolicyPort(venue: VenueName, file: string): PolicyPort {
  return {
    parse: (text, venueFacts) => {
      const parsed = parsePolicy(text, file, venueFacts);
      if (!parsed.ok) return { ok: false, violations: parsed.violations };
      return { ok: true, policy: { spec: parsed.policy.spec, hash: parsed.policy.hash }, warnings: parsed.warnings };
    },
    compare: (candidate, inForce, nowMs) =>
      decideReload({ ...candidate, text: '' }, { ...inForce, text: '' }, venue, nowMs),
  };
}

/** What a start finds in the policy file: a policy, or why there is none that could run here. */
export type PolicyFile = { readonly read: FileRead } & (
  | { readonly policy: PolicyDocument; readonly problem: null }
  | { readonly policy: null; readonly problem: string }
);

export async function findPolicy(config: Config): Promise<PolicyFile> {
  const read = await readPolicyFile(config.policyPath);
  const found = read.ok ? parseFor(config, read.text) : read.problem;
  if (typeof found !== 'string') return { read, policy: found, problem: null };
  return { read, policy: null, problem: `the policy file ${config.policyPath} ${found}` };
}

/** A text: what is wrong with it. */
function parseFor({ policyPath, venue }: Config, text: string): PolicyDocument | string {
  const parsed = parsePolicy(text, policyPath);
  if (!parsed.ok) return `is not valid:\n${parsed.violations.map((each) => `  ${formatViolation(each)}`).join('\n')}`;
  const { spec, hash } = parsed.policy;
  const wrong = checkVenue(parsed.policy, venue);
  return wrong.length === 0 ? { spec, hash } : `cannot run here: ${wrong.map(formatViolation).join('; ')}`;
}

/** @throws StartError when there is none */
export function requirePolicy({ policy, problem }: PolicyFile): PolicyDocument {
  if (policy === null) throw new StartError(problem);
  return policy;
}

/** Offers every change of the file to the gate, until the signal; also what it was started with, if that is no policy. */
export function followPolicyFile(
  path: string,
  { read, policy }: PolicyFile,
  gate: Gate,
  { log, openFile, signal, time }: FollowOptions,
): void {
  const watch = { time, openFile, ...(policy === null ? {} : { loaded: read }) };
  watchPolicyFile(path, (event) => offerPolicy(gate, event), signal, watch).catch((error: unknown) =>
    log.error({ err: error }, 'the policy file is no longer watched'),
  );
}
interface FollowOptions extends Pick<WatchOptions, 'time' | 'openFile'> {
  readonly log: Logger;
  readonly signal: AbortSignal;
}

function offerPolicy({ policies }: Gate, event: PolicyFileEvent): void {
  if (event.kind === 'unreadable') policies.offerInBackground({ ok: false, problem: event.problem }, 'file');
  else if (event.parsed.ok) {
    const { policy, warnings } = event.parsed;
    policies.offerInBackground({ ok: true, policy, warnings }, 'file');
  } else policies.offerInBackground({ ok: false, violations: event.parsed.violations }, 'file');
}
