export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const MEDIA_TYPE = 'application/openmetrics-text';
/** Prometheus sends 300 characters. */
const MAX_ACCEPT = 2_000;
const VERSIONS: ReadonlySet<string | undefined> = new Set([undefined, '1.0.0', '0.0.1']);

/** Whether an Accept header asks for OpenMetrics, and for plain text no more than for that. */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  if (accept !== undefined && accept.length > MAX_ACCEPT) return false;
  let open = 0;
  let plain = 0;
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...rest] = range.split(';').map((part) => part.trim().toLowerCase());
    const parameters = new Map(rest.map((part) => part.split('=').map((each) => each.trim()) as [string, string]));
    const quality = Number(parameters.get('q') ?? 1);
    if (!(quality >= 0 && quality <= 1)) continue;
    if (type === MEDIA_TYPE && VERSIONS.has(parameters.get('version'))) open = Math.max(open, quality);
    if (type === 'text/plain') plain = Math.max(plain, quality);
  }
  return open > 0 && open >= plain;
}

/** Prometheus text as OpenMetrics: families of counters are named without `_total`, no line is empty, and an end. */
export function toOpenMetrics(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const counters = new Set(lines.flatMap((line) => /^# TYPE (\S+)_total counter$/.exec(line)?.[1] ?? []));
  const reported = lines.map((line) =>
    line.replace(/^(# (?:HELP|TYPE) )(\S+)_total /, (whole, start: string, name: string) =>
      counters.has(name) ? `${start}${name} ` : whole,
    ),
  );
  return `${reported.join('\n')}\n# EOF\n`;
}
