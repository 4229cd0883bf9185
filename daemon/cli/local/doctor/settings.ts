import type { Config } from '../../../config/config.ts';
import type { Environment } from '../../../config/settings.ts';
import type { SettingsBody } from '../../../contract/types/operator.ts';
import { type Check, proven, refuted } from './finding.ts';

/** A setting of the daemon that is not of its address: its variable, its key here, and its key in the answer. */
const SHARED = [
  ['HOLDFAST_HOME', 'home', 'home'],
  ['HOLDFAST_POLICY', 'policyPath', 'policy_file'],
  ['HOLDFAST_ALERTS', 'alertsPath', 'alerts_file'],
  ['HOLDFAST_HEAD_FILE', 'headFile', 'head_file'],
  ['HOLDFAST_COUNTDOWN', 'countdown', 'countdown'],
] as const satisfies readonly (readonly [string, keyof Config, keyof SettingsBody])[];

const isSaid = (env: Environment, name: string): boolean => (env[name] ?? '') !== '';

/** The running daemon's settings, but for those that this environment says itself: these are examined as they are. */
export function joinSettings(own: Config, env: Environment, served: SettingsBody): Config {
  const taken = SHARED.filter(([name]) => !isSaid(env, name)).map(([, key, from]) => [key, served[from]]);
  return { ...own, ...Object.fromEntries(taken) };
}

export function settingsCheck(config: Config, env: Environment, served: SettingsBody): Check {
  return {
    id: 'settings',
    claim: "what is examined is the daemon's own",
    run: () => {
      const other = SHARED.filter(([, key, from]) => config[key] !== served[from]);
      if (other.length > 0)
        return refuted(
          other.map(([name, key, from]) => `${name} is ${config[key]} here, ${served[from]} there`).join('; '),
        );
      const asked = SHARED.filter(([name]) => !isSaid(env, name)).length;
      return proven(`${asked} of ${SHARED.length} settings were asked of the daemon, the others are the same`);
    },
  };
}
