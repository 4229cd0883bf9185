import { CANARY, Canary } from './canary.ts';
import { DaemonLink } from './daemon-link.ts';
import { HookProof } from './hook-proof.ts';
import type { CallVerdict, PluginHost, ToolCallContext, ToolCallEvent } from './host.ts';
import { block, Intercept } from './intercept.ts';
import { describeStopped, readSettings, type Settings, UNASKED } from './settings.ts';
import { findSharedState } from './shared-state.ts';
import { SkillsInPlay } from './skills-in-play.ts';
import { CATALOGUE_MS, OWN_TOOLS, TradingTools } from './trading-tools.ts';

/** Longer than the daemon is waited for: the gateway's own time-out would give no reason. */
const HOOK_GRACE_MS = 2_000;
/** After the hooks of others, which may still block. */
const LAST = -1_000;

/**
 * A plugin for OpenClaw: the tools of the gate, and advice of the daemon on every tool that is not ours. Hooks come first,
 * so that whatever fails after them fails closed.
 */
export default {
  id: 'holdfast',
  name: 'Holdfast',
  description: 'Trades through a Holdfast daemon, and asks it about every other tool that could reach an exchange.',
  register(host: PluginHost): void {
    const settings = trySettings(host);
    if (settings === null) registerClosed(host);
    else registerOpen(host, settings);
  },
};

function trySettings(host: PluginHost): Settings | null {
  try {
    return readSettings(host.pluginConfig);
  } catch (error) {
    host.logger.error(`${(error as Error).message}. Until it is mended nothing is traded, and no tool runs unasked.`);
    return null;
  }
}

/** A plugin that refused to load would leave every other tool unasked. */
function registerClosed(host: PluginHost): void {
  const judge = async ({ toolName }: ToolCallEvent): Promise<CallVerdict> =>
    UNASKED.includes(toolName)
      ? undefined
      : block(toolName, "the plugin's configuration is wrong, see the gateway's log");
  registerHooks(host, judge, judge, HOOK_GRACE_MS);
}

function registerOpen(host: PluginHost, settings: Settings): void {
  const link = new DaemonLink(settings);
  const state = findSharedState();
  const proof = new HookProof(state);
  const skills = new SkillsInPlay(state);
  const intercept = new Intercept(link, skills, state, settings.timeoutMs);
  const canary = new Canary(state, host.logger);
  const isAsked = ({ toolName }: ToolCallEvent): boolean => !OWN_TOOLS.has(toolName) && !settings.unasked.has(toolName);

  const policy = async (event: ToolCallEvent, context: ToolCallContext): Promise<CallVerdict> => {
    if (event.toolName === CANARY) canary.notePolicy(event);
    else if (isAsked(event)) return intercept.judge(event, context);
    return undefined;
  };
  const hook = async (event: ToolCallEvent, context: ToolCallContext): Promise<CallVerdict> => {
    if (event.toolName === CANARY) return canary.block(event, await intercept.judgeAgain(event, context));
    if (OWN_TOOLS.has(event.toolName)) proof.stamp(event, context, skills.claim(context));
    const verdict = isAsked(event) ? await intercept.judgeAgain(event, context) : undefined;
    if (verdict === undefined) skills.note(event, context);
    return verdict;
  };
  registerHooks(host, policy, hook, settings.timeoutMs + HOOK_GRACE_MS);

  const tools = new TradingTools(link, proof, state);
  for (const name of OWN_TOOLS) host.registerTool(() => tools.describe(name), { name });
  host.registerTool(() => canary.tool(), { name: CANARY });
  let timer: NodeJS.Timeout | undefined;
  host.registerService({
    id: 'holdfast',
    start: (context) => {
      canary.useHealth(context);
      void tools.refresh();
      timer = setInterval(() => void tools.refresh(), CATALOGUE_MS).unref();
    },
    stop: () => {
      clearInterval(timer);
      link.close();
    },
  });
  host.on('gateway_start', ({ port }, context) => {
    host.logger.info(describeStopped(settings));
    void canary.run(port, context);
  });
}

type Judge = (event: ToolCallEvent, context: ToolCallContext) => Promise<CallVerdict>;

/** Both ask: where one of them is not called after an upgrade, the other still is. */
function registerHooks(host: PluginHost, policy: Judge, hook: Judge, timeoutMs: number): void {
  const guard =
    (judge: Judge): Judge =>
    async (event, context) => {
      try {
        return await judge(event, context);
      } catch (error) {
        return block(event.toolName, `a defect of the plugin (${(error as Error).message})`);
      }
    };
  host.on('before_tool_call', guard(hook), { priority: LAST, timeoutMs });
  host.registerTrustedToolPolicy({
    id: 'intercept',
    description: 'Asks the Holdfast daemon about every tool that could reach an exchange',
    evaluate: guard(policy),
  });
}
