import { SETTING_NAMES, SETTINGS, type Setting, START_FLAGS } from '../../daemon/config/settings.ts';

/** Markdown table of every setting, for docs/settings.md: variable, flag of `start`, what it is. */
export function buildSettingsTable(): string {
  const flags = new Map(START_FLAGS.map(({ name, flag }) => [name, flag]));
  const rows = SETTING_NAMES.map((name) => {
    const setting: Setting = SETTINGS[name];
    const value = setting.value === null ? '`1`' : `\`${setting.value}\``;
    return `| \`${name}\` | ${value} | ${describeFlag(setting, flags.get(name))} | ${setting.text.replaceAll('|', '\\|')} |`;
  });
  return ['| variable | value | flag of `start` | what it is (default) |', '|---|---|---|---|', ...rows].join('\n');
}

function describeFlag({ kind }: Setting, flag: string | undefined): string {
  if (flag !== undefined) return `\`${flag}\``;
  return kind === 'client' ? 'none: for the other verbs' : 'none: a secret';
}
