/**
 * Loaded before the daemon (`node --import`): on SIGUSR2 the host's clock, as this process reads it, jumps by
 * CAMPAIGN_CLOCK_JUMP_MS; on the next one it jumps back. The monotonic clock goes on, as it does when a clock is set.
 */
const jumpMs = Number(process.env.CAMPAIGN_CLOCK_JUMP_MS ?? 0);
const now = Date.now.bind(Date);
let offsetMs = 0;
Date.now = () => now() + offsetMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [Date.now()] : args, newTarget),
});
process.on('SIGUSR2', () => {
  offsetMs = offsetMs === 0 ? jumpMs : 0;
});
